//! HTTP by hand, so that a test sees what was sent and what was answered; and a service to be asked, that
//! keeps what it was told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::polling::eventually;
use super::reseal::Running;

/// An answer: status, header lines in lower case, body.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The value of a metric, by its name and labels as they stand in the text.
    #[track_caller]
    pub fn metric(&self, name: &str) -> f64 {
        let line = self.body.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        let value = line.and_then(|value| value.parse().ok());
        value.unwrap_or_else(|| panic!("no {name}:\n{}", self.body))
    }
}

/// `GET path`, with these header lines besides.
pub async fn get(address: SocketAddr, path: &str, headers: &[&str]) -> Answer {
    ask(address, "GET", path, headers).await.expect("an answer")
}

pub async fn post(address: SocketAddr, path: &str) -> Answer {
    ask(address, "POST", path, &["content-length: 0"]).await.expect("an answer")
}

/// None when nobody listens.
pub async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let mut lines = vec![format!("{method} {path} HTTP/1.1"), "connection: close".to_owned()];
    if !headers.iter().any(|line| line.starts_with("host:")) {
        lines.push(format!("host: {address}"));
    }
    lines.extend(headers.iter().map(|line| (*line).to_owned()));
    let request = format!("{}\r\n\r\n", lines.join("\r\n"));
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok()?;
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_lowercase(), body: body.to_owned() })
}

/// Where a command listens, as it says itself.
pub async fn listening(running: &mut Running) -> SocketAddr {
    eventually("the command listens", async || {
        let said = running.stderr_so_far();
        let address = said.split("listening address=").nth(1).and_then(|rest| {
            // a log line for people may be coloured
            rest.split_whitespace().next()?.parse().ok()
        });
        assert!(address.is_some() || !running.has_ended(), "it ended: {said}");
        address
    })
    .await
}

/// A service that answers every request alike, and keeps what it was asked.
pub struct Service {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Service {
    /// `status` such as `200 OK`.
    pub async fn answering(status: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let address = listener.local_addr().expect("an address");
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        let asked = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, keep) = (answer.clone(), Arc::clone(&keep));
                tokio::spawn(async move {
                    let request = exchange(stream, &answer).await.unwrap_or_default();
                    keep.lock().expect("nobody panics").push(request);
                });
            }
        });
        Self { address, asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far, as it came.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

/// Reads a request with its body, and answers.
async fn exchange(mut stream: TcpStream, answer: &str) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&bytes).to_string();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap_or(0)) {
            break;
        }
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(String::from_utf8_lossy(&bytes).to_string())
}
