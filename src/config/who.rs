//! Who starts a command and why, as they say themselves: for the audit trail, which adds the database's role
//! and the host.

use std::collections::BTreeMap;

use crate::cli::WhoWords;
use crate::config::word::Word;
use crate::config::{Environment, Troubles};
use crate::error::Result;

/// Longer is no name and no ticket.
const CHARACTERS_MAX: usize = 200;

/// On whose behalf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    pub operator: Option<String>,
    /// The change or incident it is done under.
    pub ticket: Option<String>,
    pub reason: Option<ChangeReason>,
    /// `RESEAL_POD`, or in Kubernetes the host's name, which is the pod's.
    pub pod: Option<String>,
}

/// Why keys are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeReason {
    /// The cryptoperiod has ended.
    Scheduled,
    /// A key is known, or feared, to others.
    Compromise,
    /// Somebody who knew a key has left.
    Personnel,
}

impl ChangeReason {
    const ALL: [Self; 3] = [Self::Scheduled, Self::Compromise, Self::Personnel];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Compromise => "compromise",
            Self::Personnel => "personnel",
        }
    }
}

impl Who {
    /// An option counts more than `RESEAL_OPERATOR` and its like, these more than `[run]`.
    pub(super) fn resolve(
        typed: &WhoWords,
        reason: Option<&String>,
        file: &BTreeMap<&'static str, Word>,
        environment: &Environment,
        troubles: &mut Troubles,
    ) -> Self {
        let mut said = |name: &'static str, typed: Option<&String>| {
            if let Some(text) = typed {
                return Some(Word::new(text, format!("--{name}")));
            }
            let variable = format!("RESEAL_{}", name.to_ascii_uppercase());
            troubles.note(environment.word(&variable))?.or_else(|| file.get(name).cloned())
        };
        let operator = said("operator", typed.operator.as_ref());
        let ticket = said("ticket", typed.ticket.as_ref());
        let reason = said("reason", reason);
        let pod = said("pod", None);
        let mut noted = |word: Option<Word>| troubles.note(name(&word?));
        let (operator, ticket, pod) = (noted(operator), noted(ticket), noted(pod));
        let reason = reason.and_then(|word| troubles.note(change_reason(&word)));
        let in_kubernetes = environment.raw("KUBERNETES_SERVICE_HOST").is_some();
        let host = || environment.text("HOSTNAME").ok().flatten().filter(|_| in_kubernetes);
        Self { operator, ticket, reason, pod: pod.or_else(host) }
    }
}

fn name(word: &Word) -> Result<String> {
    let text = word.text.trim();
    let fits =
        (1..=CHARACTERS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned()).ok_or_else(|| {
        word.wrong(format!("1 to {CHARACTERS_MAX} characters, none of them a control character"))
    })
}

fn change_reason(word: &Word) -> Result<ChangeReason> {
    let reason = ChangeReason::ALL.into_iter().find(|reason| reason.as_str() == word.text);
    reason.ok_or_else(|| word.wrong("the reason is scheduled, compromise or personnel"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_beats_the_variable_beats_the_file() {
        let file = ["operator", "ticket", "reason"].map(|n| (n, Word::new("scheduled", "a file")));
        let file = BTreeMap::from(file);
        let environment = Environment::of_pairs(&[
            ("RESEAL_OPERATOR", "env"),
            ("RESEAL_TICKET", " CHG-7 "),
            ("HOSTNAME", "a-host"),
        ]);
        let typed = WhoWords { operator: Some("erika".to_owned()), ticket: None };
        let mut troubles = Troubles::default();
        let who = Who::resolve(&typed, None, &file, &environment, &mut troubles);
        troubles.none_or_all().expect("no trouble");
        assert_eq!(
            (who.operator.as_deref(), who.ticket.as_deref()),
            (Some("erika"), Some("CHG-7"))
        );
        assert_eq!((who.reason, who.pod), (Some(ChangeReason::Scheduled), None));
    }

    #[test]
    fn the_pod_is_told_by_kubernetes() {
        let of = |pairs: &[(&str, &str)]| {
            let environment = Environment::of_pairs(pairs);
            let (words, file) = (WhoWords::default(), BTreeMap::new());
            Who::resolve(&words, None, &file, &environment, &mut Troubles::default()).pod
        };
        let cluster = ("KUBERNETES_SERVICE_HOST", "10.0.0.1");
        let host = ("HOSTNAME", "reseal-x7k2p");
        assert_eq!(of(&[host]), None);
        assert_eq!(of(&[cluster, host]).as_deref(), Some("reseal-x7k2p"));
        let named = ("RESEAL_POD", "jobs/reseal-x7k2p");
        assert_eq!(of(&[cluster, host, named]).as_deref(), Some("jobs/reseal-x7k2p"));
    }

    #[test]
    fn what_is_no_name_and_no_reason_is_refused() {
        let long = "x".repeat(CHARACTERS_MAX + 1);
        for text in [" ", "two\nlines", &long] {
            assert!(name(&Word::new(text, "--operator")).is_err());
        }
        assert!(change_reason(&Word::new("because", "--reason")).is_err());
    }
}
