//! `[serve]` and `[gate]`: where they are said, and what is said about bad words.

use std::time::Duration;

use reseal::config::{Command, RunCommand};

use super::{resolve, troubles};

const TOKEN: &str = "0123456789abcdef-token";
const FILE: &str = "[serve]\nlisten = \"127.0.0.1:1\"\nlinger = \"1s\"\npush_gateway = \"http://file:1\"\n\
                    [gate]\nhealth = [\"https://a\", \"http://b:8/x/health?deep=1\"]\ntimeout = \"9s\"\n";

fn command(words: &str, variables: &[(&str, &str)], file: &str) -> RunCommand {
    match resolve(&format!("{words} -c t.c"), variables, file) {
        Ok(Command::Run(command) | Command::Verify(command) | Command::Plan(command)) => command,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_option_beats_the_environment_beats_the_file() {
    let from_file = command("run", &[], FILE).serve;
    let listen = from_file.listen.expect("it listens");
    assert_eq!(listen.address.to_string(), "127.0.0.1:1");
    assert_eq!((listen.linger, listen.token), (Duration::from_secs(1), None));
    let variables = [("RESEAL_LISTEN", "[::1]:2"), ("RESEAL_LINGER", "2s")];
    let from_environment = command("run", &variables, FILE).serve;
    let listen = from_environment.listen.expect("it listens");
    assert_eq!((listen.address.to_string(), listen.linger.as_secs()), ("[::1]:2".to_owned(), 2));
    let typed = "verify --listen localhost:3 --linger 3s --push-gateway https://typed/p";
    let typed = command(typed, &variables, FILE).serve;
    let listen = typed.listen.expect("it listens");
    assert_eq!(
        (listen.address.to_string(), listen.linger.as_secs()),
        ("127.0.0.1:3".to_owned(), 3)
    );
    assert_eq!(typed.push.expect("a gateway").gateway.to_string(), "https://typed/p");
}

#[test]
fn nothing_is_served_unless_it_is_asked_for() {
    let serve = command("run", &[("RESEAL_LISTEN_TOKEN", TOKEN)], "").serve;
    assert!(serve.listen.is_none() && serve.push.is_none() && !serve.is_wanted());
    assert!(!command("plan", &[], FILE).serve.is_wanted(), "a plan is over at once");
    assert!(command("run", &[], "").gate.health.is_empty());
}

#[test]
fn services_are_asked_at_the_path_they_name() {
    let gate = command("run", &[("RESEAL_GATE_TOKEN", TOKEN)], FILE).gate;
    let urls: Vec<&str> = gate.health.iter().map(|url| url.as_url().as_str()).collect();
    assert_eq!(urls, ["https://a/health/crypto", "http://b:8/x/health?deep=1"]);
    assert_eq!(gate.health[1].to_string(), "http://b:8/x/health", "a query might hold anything");
    assert_eq!(gate.timeout, Duration::from_secs(9));
    assert!(gate.token.is_some());
}

#[test]
fn tokens_are_not_shown() {
    let variables = [
        ("RESEAL_LISTEN_TOKEN", TOKEN),
        ("RESEAL_GATE_TOKEN", TOKEN),
        ("RESEAL_PUSH_TOKEN", TOKEN),
    ];
    let command = command("run --listen 0.0.0.0:1", &variables, FILE);
    let listen = command.serve.listen.as_ref().expect("it listens");
    assert_eq!(listen.token.as_ref().map(|token| token.reveal()), Some(TOKEN));
    assert!(!format!("{command:?}").contains(TOKEN));
}

#[test]
fn bad_words_are_all_reported() {
    let file = format!(
        "[serve]\nlisten = \"0.0.0.0:1\"\nport = 1\nlinger = \"2d\"\npush_gateway = \"http://u:p@host\"\n\
         [gate]\nhealth = [\"host/health\", \"ftp://host\"]\ntoken = \"{TOKEN}\"\ntimeout = \"0s\"\n"
    );
    assert_eq!(
        troubles("run -c t.c", &[], &file.replace("port = 1\n", "")),
        [
            "linger is a duration from 0s to 24h, such as 90s or 5m @ 3, [serve] linger / ",
            "an address holds no user and no password @ 4, [serve] push_gateway \
         / a bearer token is named by its source instead",
            "health is an address such as http://host:9091 @ 6, [gate] health / ",
            "health is an address such as http://host:9091 @ 6, [gate] health / ",
            "a token is named, never written here @ 7, [gate] token / env:NAME or file:PATH",
            "timeout is a duration from 1s to 60s, such as 90s or 5m @ 8, [gate] timeout / ",
        ]
    );
    assert_eq!(
        troubles("run -c t.c", &[], "[serve]\nlisten = \"0.0.0.0:1\""),
        ["an address that others can reach needs a token that they must show @ 2, [serve] listen \
         / set RESEAL_LISTEN_TOKEN or listen_token, or listen on 127.0.0.1",]
    );
    for (words, said) in [
        ("--listen host:1", "listen is an IP address with its port"),
        ("--listen 9187", "listen is an IP address with its port"),
        ("--listen localhost:99999", "listen is an IP address with its port"),
        ("--push-gateway host:9091", "push_gateway is an address"),
        (
            "--listen-token file:token",
            "nothing is served @ --listen-token / say where, with --listen",
        ),
        ("--linger 1m --push-gateway http://host:1", "nothing is served @ --linger / "),
    ] {
        let found = troubles(&format!("run -c t.c {words}"), &[], "");
        assert!(found.len() == 1 && found[0].starts_with(said), "{words}: {found:?}");
    }
    let unknown = troubles("run -c t.c", &[], "[serve]\nport = 1\n[gate]\nhealthy = []");
    assert!(unknown[0].starts_with("unknown key `port` @ 2, [serve] / known here: listen, "));
    assert_eq!(unknown[1], "unknown key `healthy` @ 4, [gate] / did you mean `health`?");
}
