//! Why a command line was refused, said without echoing what might be a secret.
//!
//! clap's own messages quote whatever was typed, a key pasted in the wrong place included. Only
//! words that look like a command or an option are repeated here.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::Error;

const PLACE: &str = "the command line";
const ASK: &str = "reseal --help lists the commands, reseal COMMAND --help its options";

/// Help or the version: an answer, not a refusal.
pub fn is_answer(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
}

pub fn as_error(error: &clap::Error) -> Error {
    let argument = said(error, ContextKind::InvalidArg);
    let named = || argument.as_deref().unwrap_or("an argument");
    let what = match error.kind() {
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "no command was given".to_owned()
        }
        ErrorKind::InvalidSubcommand => match said(error, ContextKind::InvalidSubcommand) {
            Some(word) => format!("unknown command `{word}`"),
            None => "unknown command".to_owned(),
        },
        ErrorKind::UnknownArgument => match argument {
            Some(word) => format!("unknown argument `{word}`"),
            None => "an argument is not understood (it is not repeated here: it might be a secret)"
                .to_owned(),
        },
        ErrorKind::InvalidValue => match said(error, ContextKind::ValidValue) {
            Some(values) => format!("{} is one of: {values}", named()),
            None => format!("{} needs a value", named()),
        },
        ErrorKind::MissingRequiredArgument => format!("missing: {}", named()),
        ErrorKind::ArgumentConflict => match said(error, ContextKind::PriorArg) {
            Some(other) => format!("{} cannot be used with {other}", named()),
            None => format!("{} cannot be used here", named()),
        },
        ErrorKind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
        _ => format!("{} is not understood", named()),
    };
    Error::usage(what).at(PLACE).hint(hint(error))
}

fn hint(error: &clap::Error) -> String {
    let suggestion = said(error, ContextKind::SuggestedArg)
        .or_else(|| said(error, ContextKind::SuggestedSubcommand))
        .or_else(|| said(error, ContextKind::SuggestedValue));
    match suggestion {
        Some(words) => format!("did you mean `{}`?", words.replace(", ", "` or `")),
        None => ASK.to_owned(),
    }
}

/// What clap noted under `kind`, if all of it may be repeated.
fn said(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(word) => harmless(word),
        ContextValue::Strings(words) => {
            let words: Option<Vec<String>> = words.iter().map(|word| harmless(word)).collect();
            words.filter(|words| !words.is_empty()).map(|words| words.join(", "))
        }
        _ => None,
    }
}

/// The name in `--name=value`, `--name <VALUE>`, `--name...` or `name`, if it is short and made of letters.
fn harmless(word: &str) -> Option<String> {
    let name = word.split(['=', ' ']).next()?.trim_end_matches('.');
    let letters = name.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '-' | '<' | '>'));
    (letters && !name.is_empty() && name.len() <= 32).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_name_is_repeated_and_a_value_is_not() {
        assert_eq!(harmless("--workers=00ff"), Some("--workers".to_owned()));
        assert_eq!(harmless("--verbose..."), Some("--verbose".to_owned()));
        assert_eq!(harmless("--reason <TEXT>"), Some("--reason".to_owned()));
        assert_eq!(harmless(&"0f".repeat(32)), None);
        assert_eq!(harmless(&"ab".repeat(32)), None);
        assert_eq!(harmless("postgres://user:password@host/db"), None);
    }
}
