//! The ways in which a value may be stored, as far as they can be known before one is seen: what the
//! configuration says, every preset, and presets with keys in another encoding or with a salt that was given.

use crate::crypto::{Derivation, KeyEncoding};
use crate::keys::KeySource;
use crate::layout::{KeySettings, Layout, Over, Settings};

/// One way of storing a value, in the words of a configuration.
#[derive(Clone, Debug)]
pub struct Form {
    pub settings: Settings,
    pub layout: Layout,
    /// Every value has a key of its own that takes its time.
    pub is_slow: bool,
    /// Its keys are derived with a salt that was not given: only its shape is known.
    pub lacks_salt: bool,
}

/// Stands for a salt that was not given; nothing is ever read from it.
const NO_SALT: &str = "env:RESEAL_NO_SALT_WAS_GIVEN";

impl Form {
    /// `None` when these words are no layout: an application must choose more.
    pub fn of(settings: Settings) -> Option<Self> {
        let layout = Layout::of(settings.clone()).ok()?;
        let form = layout.key_form();
        let is_costly = matches!(
            form.derivation,
            Derivation::Pbkdf2 { .. } | Derivation::Scrypt { .. } | Derivation::Argon2id { .. }
        );
        let is_slow = form.is_per_value() && is_costly;
        Some(Self { settings, layout, is_slow, lacks_salt: false })
    }

    /// A layout of a configuration that is only to be recognized.
    pub fn configured(layout: Layout) -> Self {
        let settings = Settings { layout: Some(layout.name().to_owned()), ..Settings::default() };
        Self { settings, layout, is_slow: false, lacks_salt: false }
    }

    pub fn is_authenticated(&self) -> bool {
        self.layout.cipher().is_authenticated()
    }

    /// Whether values of it may be bound to their rows in a way that the words do not say.
    pub fn may_be_bound(&self) -> bool {
        self.layout.cipher().takes_aad()
            && self.layout.aad().is_none()
            && self.settings.aad.is_none()
            && !self.is_slow
            && !self.lacks_salt
    }

    /// The same with additional data.
    pub fn bound_to(&self, template: &str) -> Option<Self> {
        Self::of(Settings { aad: Some(template.to_owned()), ..self.settings.clone() })
    }

    /// Whether the shape is one that nothing else has by accident: text between its parts, fixed bytes, or a
    /// structure.
    pub fn is_telling(&self) -> bool {
        let template = self.layout.template();
        let Some(start) = template.find('{') else { return true };
        let is_fixed = |part: &str| {
            let digits = part.strip_prefix('x').unwrap_or_default();
            digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let has_mark = template.split([' ', '(', ')']).any(is_fixed);
        let is_joined = template.matches('{').count() > 2;
        (start > 0 || is_joined || has_mark) && self.layout.is_text()
    }

    /// For people: the preset or the template, with what is said besides.
    pub fn describe(&self) -> String {
        let Settings { layout, key, aad, .. } = &self.settings;
        let mut text = layout.clone().unwrap_or_default();
        if let Some(encoding) = key.as_ref().and_then(|key| key.encoding.as_deref()) {
            text.push_str(&format!(", key in {encoding}"));
        }
        if let Some(salt) = key.as_ref().and_then(|key| key.salt_from.as_deref()) {
            text.push_str(&format!(", salt from {salt}"));
        }
        if let Some(aad) = aad.as_deref().filter(|aad| !aad.is_empty()) {
            text.push_str(&format!(", bound to {aad:?}"));
        }
        text
    }
}

/// All forms, the likeliest first, and which of them have one shape.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    pub forms: Vec<Form>,
    /// Forms that a value has or has not together, by their places in `forms`.
    pub shapes: Vec<Vec<usize>>,
}

impl Roster {
    /// What a configuration says, then the presets; presets that want a salt are tried with each of `salts`.
    pub fn new(configured: &[Settings], salts: &[KeySource]) -> Self {
        let mut roster = Self::default();
        roster.extend(configured.iter().cloned().filter_map(Form::of));
        let named = |name: &str| Settings { layout: Some(name.to_owned()), ..Settings::default() };
        for preset in Layout::presets() {
            let salted = |salt: String| {
                let key = KeySettings { salt_from: Some(salt), ..KeySettings::default() };
                Form::of(Settings { key: Some(key), ..named(&preset.name) })
            };
            match Form::of(named(&preset.name)) {
                Some(form) => roster.extend([form]),
                None if salts.is_empty() => roster.extend(
                    salted(NO_SALT.to_owned()).map(|form| Form { lacks_salt: true, ..form }),
                ),
                None => roster.extend(salts.iter().filter_map(|salt| salted(salt.to_string()))),
            }
        }
        let others: Vec<Form> = roster.forms.iter().flat_map(other_encodings).collect();
        roster.extend(others);
        roster
    }

    /// The columns that additional data of some form names.
    pub fn aad_columns(&self) -> impl Iterator<Item = &String> {
        self.forms.iter().filter_map(|form| form.layout.aad()).flat_map(|aad| aad.columns())
    }

    /// With further forms behind the others.
    pub fn with(&self, further: impl IntoIterator<Item = Form>) -> Self {
        let mut roster = self.clone();
        roster.extend(further);
        roster
    }

    fn extend(&mut self, forms: impl IntoIterator<Item = Form>) {
        for form in forms {
            let is_spread = form.layout.over() != Over::Cell;
            if is_spread || self.forms.iter().any(|known| known.layout.is_same_as(&form.layout)) {
                continue;
            }
            let template = form.layout.template();
            let place = self.forms.len();
            let alike =
                |shape: &&mut Vec<usize>| self.forms[shape[0]].layout.template() == template;
            match self.shapes.iter_mut().find(alike) {
                Some(shape) => shape.push(place),
                None => self.shapes.push(vec![place]),
            }
            self.forms.push(form);
        }
    }
}

/// The same layout with a key that is written down otherwise: hexadecimal where its library has base64.
fn other_encodings(form: &Form) -> Vec<Form> {
    let key = form.layout.key_form();
    let is_said = form.settings.key.as_ref().is_some_and(|key| key.encoding.is_some());
    let is_key = matches!(key.derivation, Derivation::None | Derivation::Hkdf(_));
    if is_said || !is_key || key.encoding.is_guessable() && key.derivation != Derivation::None {
        return Vec::new();
    }
    let others = [KeyEncoding::Hex, KeyEncoding::Base64, KeyEncoding::Text];
    let others = others.into_iter().filter(|other| *other != key.encoding);
    let with = |encoding: KeyEncoding| {
        let key = form.settings.key.clone().unwrap_or_default();
        let key = KeySettings { encoding: Some(encoding.name().to_owned()), ..key };
        Form::of(Settings { key: Some(key), ..form.settings.clone() })
    };
    others.filter_map(with).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_tried_that_needs_no_more_words() {
        let roster = Roster::new(&[], &[]);
        for preset in Layout::presets() {
            let is_there = |layout: &Layout| {
                layout.over() != Over::Cell
                    || roster.forms.iter().any(|form| form.layout.is_same_as(layout))
            };
            assert!(
                preset.layout().is_ok_and(|layout| is_there(&layout)) || preset.layout().is_err()
            );
        }
    }

    #[test]
    fn a_salt_opens_the_presets_that_want_one() {
        let salt = "env:SALT".parse().expect("a source");
        let (without, with) = (Roster::new(&[], &[]), Roster::new(&[], &[salt]));
        let has = |roster: &Roster, name: &str| {
            let is_it = |form: &&Form| form.settings.layout.as_deref() == Some(name);
            roster.forms.iter().filter(is_it).any(|form| !form.lacks_salt)
        };
        assert!(!has(&without, "rails") && has(&with, "rails"));
        assert!(has(&without, "go") && has(&with, "go"));
    }

    #[test]
    fn forms_of_one_shape_stand_together() {
        let roster = Roster::new(&[], &[]);
        assert!(roster.shapes.len() < roster.forms.len() / 2, "{}", roster.shapes.len());
        let all: usize = roster.shapes.iter().map(Vec::len).sum();
        assert_eq!(all, roster.forms.len());
    }

    #[test]
    fn a_shape_is_telling_when_chance_does_not_make_it() {
        let told = |name: &str| {
            let settings = Settings { layout: Some(name.to_owned()), ..Settings::default() };
            Form::of(settings).expect("a layout").is_telling()
        };
        for name in ["enc-v1", "node-hex", "vault", "laravel", "jwe", "crypto-js", "47ng-cloak"] {
            assert!(told(name), "{name}");
        }
        for name in ["go", "go-b64", "go-hex", "fernet", "cal.com", "secretbox-b64", "tink"] {
            assert!(!told(name), "{name}");
        }
    }

    #[test]
    fn what_is_configured_comes_first() {
        let own = Settings {
            layout: Some("v9|{b64(nonce12 ct tag16)}".to_owned()),
            ..Settings::default()
        };
        let roster = Roster::new(&[own], &[]);
        assert_eq!(roster.forms[0].describe(), "v9|{b64(nonce12 ct tag16)}");
    }
}
