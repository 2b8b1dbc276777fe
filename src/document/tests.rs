//! Examples; `tests/documents.rs` and `fuzz/` have any documents.

use super::*;

fn selection(paths: &[&str]) -> Selection {
    Selection::parse(paths).expect("paths")
}

/// What the paths lead to, each as it stands in the text.
fn found<'d>(text: &'d str, paths: &[&str]) -> Vec<&'d str> {
    let document = Document::parse(text.as_bytes()).expect("JSON");
    let tokens = document.select(&selection(paths)).expect("not too deep");
    tokens.iter().map(Token::raw).collect()
}

const SETTINGS: &str = r#"{"smtp": {"password": "p1", "port": 25.0},
    "accounts": [{"secret": "s1", "n": null}, {"secret": "s2"}, ["deep", {"secret": "s3"}]],
    "odd name": {"it's": "o1"}, "plain": "text"}"#;

#[test]
fn paths_lead_to_values() {
    let found = |paths: &[&str]| found(SETTINGS, paths).join(" ");
    assert_eq!(found(&["$.smtp.password"]), r#""p1""#);
    assert_eq!(found(&["$.accounts[*].secret"]), r#""s1" "s2""#);
    assert_eq!(found(&["$.accounts[1]['secret']", "$.plain"]), r#""s2" "text""#);
    assert_eq!(found(&["$..secret"]), r#""s1" "s2" "s3""#);
    assert_eq!(found(&["$..[0]", "$.*"]), r#"{"secret": "s1", "n": null} "deep" "text""#);
    assert_eq!(found(&[r"$['odd name']['it\'s']"]), r#""o1""#);
    assert_eq!(found(&[r#"$["odd name"]["it's"]"#]), r#""o1""#);
    assert_eq!(found(&["$.accounts.**"]), r#""s1" "s2" "deep" "s3""#);
    assert_eq!(found(&["$.**"]).matches('"').count(), 2 * 7);
    assert_eq!(found(&["$.accounts[*]..*"]), r#""s1" "s2" "deep" "s3""#);
    assert_eq!(found(&["$.nothing", "$.smtp[0]", "$.accounts.secret"]), "");
}

#[test]
fn a_document_may_be_one_string() {
    for path in ["$", "$.**"] {
        assert_eq!(found(" \"x\"\n", &[path]), [r#""x""#]);
    }
    assert_eq!(found("\"x\"", &["$.*"]), Vec::<&str>::new());
}

#[test]
fn what_is_named_and_no_string_is_told() {
    let text = r#"{"a": 1.50, "b": null, "c": [], "d": "x"}"#;
    assert_eq!(found(text, &["$.a", "$.b", "$.c", "$.d"]), ["1.50", "[]", "\"x\""]);
    assert_eq!(found(text, &["$.*"]), ["\"x\""]);
    let document = Document::parse(text.as_bytes()).unwrap();
    let contents = |paths: &[&str]| {
        let tokens = document.select(&selection(paths)).unwrap();
        tokens.iter().map(|token| (token.content(), token.is_named)).collect::<Vec<_>>()
    };
    let x = || Content::Text(Cow::Borrowed("x"));
    assert_eq!(contents(&["$.a", "$.**"]), [(Content::NoString, true), (x(), false)]);
    assert_eq!(contents(&["$.**", "$.d"]), [(x(), true)]);
}

#[test]
fn keys_are_compared_without_their_escapes() {
    let text = r#"{"tok\u0065n": "a\/b\n", "token": "\ud83d\ude00", "\ud800": "c", "x": "\udc00"}"#;
    assert_eq!(found(text, &["$.token"]), [r#""a\/b\n""#, r#""\ud83d\ude00""#]);
    let document = Document::parse(text.as_bytes()).unwrap();
    let tokens = document.select(&Selection::every_string()).unwrap();
    let contents: Vec<_> = tokens.iter().map(Token::content).collect();
    let text = |text: &'static str| Content::Text(Cow::Borrowed(text));
    assert_eq!(contents, [text("a/b\n"), text("😀"), text("c"), Content::NotUnicode]);
    let paths: Vec<String> = tokens.iter().map(|token| document.path(token)).collect();
    assert_eq!(paths, ["$['token']", "$['token']#2", r"$['\ud800']", "$['x']"]);
}

#[test]
fn paths_are_normalized_and_bounded() {
    let path = |text: &str| {
        let document = Document::parse(text.as_bytes()).unwrap();
        document.path(&document.select(&Selection::every_string()).unwrap()[0])
    };
    assert_eq!(path(r#"[1, {"a": [[], "x"]}]"#), "$[1]['a'][1]");
    assert_eq!(path(r#"{"it's\t\u0000\\": "x"}"#), r"$['it\'s\t\u0000\\']");
    let long = |name: &str| path(&format!(r#"{{"{name}": "x"}}"#));
    assert_eq!(long(&"ü".repeat(140)).len(), 280 + "$['']".len());
    let (one, other) = (long(&("ü".repeat(200) + "1")), long(&("ü".repeat(200) + "2")));
    assert!(one != other && one.len() <= 300, "{one} {other}");
    assert_eq!(one, long(&("ü".repeat(200) + "1")));
}

#[test]
fn nothing_but_the_replaced_strings_changes() {
    let text = "{ \"b\":1.0e+2 ,\"a\":\"old\\u0020one\",\r\n\t\"a\" : \"2\", \"b\":-0 }";
    let document = Document::parse(text.as_bytes()).unwrap();
    let paths = selection(&["$.a"]);
    let tokens = document.select(&paths).unwrap();
    let spliced = document.splice([(&tokens[0], "n\"e\\w\n"), (&tokens[1], "")]);
    assert_eq!(spliced, "{ \"b\":1.0e+2 ,\"a\":\"n\\\"e\\\\w\\n\",\r\n\t\"a\" : \"\", \"b\":-0 }");
    let meant = |n: usize| Some(["n\"e\\w\n", ""][n]);
    assert!(document.is_spliced(&spliced, |new| new.select(&paths), &tokens, meant));
    let only_first = |n: usize| meant(n).filter(|_| n == 0);
    assert!(!document.is_spliced(&spliced, |new| new.select(&paths), &tokens, only_first));
    for (from, to) in [("-0", "0"), ("\t", ""), ("n\\\"", "m\\\""), (" }", ""), ("\"\"", "\"2\"")] {
        let damaged = spliced.replacen(from, to, 1);
        assert_ne!(damaged, spliced);
        assert!(!document.is_spliced(&damaged, |new| new.select(&paths), &tokens, meant), "{from}");
    }
}

#[test]
fn depth_is_bounded_where_strings_are_looked_for() {
    let nested = |depth: usize| format!("{}\"x\"{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(found(&nested(DEPTH_MAX), &["$.**"]), ["\"x\""]);
    let deeper = nested(DEPTH_MAX + 1);
    let document = Document::parse(deeper.as_bytes()).unwrap();
    assert!(document.select(&Selection::every_string()).is_err());
    assert!(document.select(&selection(&["$.name"])).unwrap().is_empty());
    assert!(Document::parse("[".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn what_is_no_json_is_refused() {
    for text in ["", " ", "{", "[1,]", "{\"a\":1,}", "'x'", "\"\t\"", "\"\\x\"", "01", "NaN", "1 2"]
    {
        assert!(Document::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert!(Document::parse(b"\"\xff\"").is_err());
    assert!(Document::parse(b"\xef\xbb\xbf1").is_err());
}

#[test]
fn what_is_no_path_is_refused() {
    for (path, at) in [
        ("", 1),
        ("smtp.password", 1),
        ("$smtp", 2),
        ("$.", 3),
        ("$.1st", 3),
        ("$.odd-name", 6),
        ("$.odd name", 6),
        ("$.**.a", 3),
        ("$..**", 4),
        ("$[", 3),
        ("$[a]", 3),
        ("$[-1]", 3),
        ("$[01]", 3),
        ("$[9007199254740992]", 3),
        ("$[1,2]", 4),
        ("$[1:2]", 4),
        ("$['a'", 6),
        ("$['a]", 3),
        (r#"$['\"']"#, 3),
        (r#"$["\'"]"#, 3),
        (r"$['\ud800']", 3),
        ("$[?@.a]", 3),
        ("$.ä..", 6),
    ] {
        let refused = Selection::parse(&[path]).expect_err(path);
        assert_eq!(refused.at, Some(at), "{path}: {refused}");
    }
    let many = vec!["$.a.b.c"; 33];
    assert!(Selection::parse(&many[..32]).is_ok());
    assert_eq!(Selection::parse(&many).expect_err("too many").at, None);
}
