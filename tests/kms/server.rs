//! The HTTP/1.1 server of the fakes: plain, or as the proxy through which a service is called by its
//! real name, over TLS.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

pub use super::http::{Answer, Request};
use super::login::Credentials;
use super::versions::Versions;
use crate::support::TestKey;

/// A key service.
pub trait Service: Send + 'static {
    /// What happens before a request is looked at: a login, a challenge, a bad signature.
    fn gate(&mut self, request: &Request) -> Option<Answer>;
    fn answer(&mut self, request: &Request) -> Answer;
    /// A data key as the service's own tool prints it, wrapped by the newest version.
    fn wrap(&self, key: &[u8]) -> String;
    /// What it had wrapped, and the version under which.
    fn unwrap(&self, ciphertext: &[u8]) -> Option<(Vec<u8>, usize)>;
    /// As it names a version to its callers.
    fn name_of(&self, version: usize) -> String;
    /// The versions of its key.
    fn versions(&mut self) -> &mut Versions;
    /// What it accepts from its callers.
    fn credentials(&mut self) -> &mut Credentials;
    /// As callers write the one that is accepted now.
    fn credential(&mut self) -> String {
        String::new()
    }
    /// Which of the service's operations is asked for.
    fn operation(&self, request: &Request) -> String;
}

/// A service that answers in one way for a while.
struct Trouble {
    /// Calls that are still answered.
    after: usize,
    lasts: Duration,
    since: Option<Instant>,
    answer: Answer,
}

/// A service on a port of its own, gone with the test.
pub struct Fake {
    address: String,
    shared: Arc<Mutex<Shared>>,
    files: TempDir,
}

struct Shared {
    service: Box<dyn Service>,
    /// Answered instead of what the service would say.
    refusals: VecDeque<Answer>,
    /// A request with this header's value is always refused.
    refused: Option<(String, Answer)>,
    /// Answered from the call of this number on, and for so long.
    trouble: Option<Trouble>,
    /// Requests that came through the gate, by operation.
    calls: BTreeMap<String, usize>,
}

impl Fake {
    pub fn start(service: impl Service) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let service = Box::new(service);
        let shared = Shared {
            service,
            refusals: VecDeque::new(),
            refused: None,
            trouble: None,
            calls: BTreeMap::new(),
        };
        let shared = Arc::new(Mutex::new(shared));
        let of_threads = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&of_threads);
                std::thread::spawn(move || drop(serve(stream, &shared)));
            }
        });
        Self { address, shared, files: tempfile::tempdir().expect("a directory") }
    }

    pub fn address(&self) -> String {
        self.address.clone()
    }

    /// Answers the next `times` requests like this.
    pub fn refuse(&self, times: usize, answer: &Answer) {
        self.shared().refusals.extend(std::iter::repeat_n(answer.clone(), times));
    }

    /// Answers like this for so long, from the call behind the next `after` on.
    pub fn trouble(&self, after: usize, lasts: Duration, answer: &Answer) {
        let answer = answer.clone();
        self.shared().trouble = Some(Trouble { after, lasts, since: None, answer });
    }

    pub fn mend(&self) {
        self.shared().trouble = None;
    }

    /// Refuses one operation of AWS, by the name that its header says.
    pub fn refuse_only(&self, target: &str, answer: &Answer) {
        self.shared().refused = Some((target.to_owned(), answer.clone()));
    }

    pub fn wrap(&self, key: &TestKey) -> String {
        self.shared().service.wrap(key.bytes())
    }

    /// Any bytes, wrapped as a data key is.
    pub fn wrap_bytes(&self, bytes: &[u8]) -> String {
        self.shared().service.wrap(bytes)
    }

    /// What it had wrapped, and the name of the version under which.
    pub fn unwrap(&self, ciphertext: &[u8]) -> Option<(Vec<u8>, String)> {
        let shared = self.shared();
        let (plaintext, version) = shared.service.unwrap(ciphertext)?;
        Some((plaintext, shared.service.name_of(version)))
    }

    /// The name of the newest version.
    pub fn newest(&self) -> String {
        let mut shared = self.shared();
        let newest = shared.service.versions().newest();
        shared.service.name_of(newest)
    }

    /// Makes a new version of the key, the one that wraps from now on.
    pub fn rotate(&self) {
        self.versions(Versions::rotate);
    }

    pub fn versions<T>(&self, change: impl FnOnce(&mut Versions) -> T) -> T {
        change(self.shared().service.versions())
    }

    /// What callers have is not accepted any more.
    pub fn expire(&self) {
        self.shared().service.credentials().expire();
    }

    pub fn credential(&self) -> String {
        self.shared().service.credential()
    }

    pub fn credentials<T>(&self, look: impl FnOnce(&mut Credentials) -> T) -> T {
        look(self.shared().service.credentials())
    }

    pub fn calls(&self) -> usize {
        self.shared().calls.values().sum()
    }

    /// The calls so far, by operation; they count from nothing again.
    pub fn take_calls(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.shared().calls)
    }

    /// Writes a file that lasts as long as the fake.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no fake has panicked")
    }
}

impl Trouble {
    fn answer(&mut self) -> Option<Answer> {
        if self.after > 0 {
            self.after -= 1;
            return None;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        (since.elapsed() < self.lasts).then(|| self.answer.clone())
    }
}

/// The path of a certificate of the tests.
pub fn certificate(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "certificates", name].iter().collect()
}

/// One connection, to its end.
fn serve(stream: TcpStream, shared: &Mutex<Shared>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        if request.method == "CONNECT" {
            reader.get_mut().write_all(b"HTTP/1.1 200 connected\r\n\r\n")?;
            let connection = ServerConnection::new(tls()).expect("a good configuration");
            let mut secured = BufReader::new(StreamOwned::new(connection, reader.into_inner()));
            while let Some(request) = read(&mut secured)? {
                write(secured.get_mut(), &answer(&request, shared))?;
            }
            return Ok(());
        }
        write(reader.get_mut(), &answer(&request, shared))?;
    }
    Ok(())
}

fn answer(request: &Request, shared: &Mutex<Shared>) -> Answer {
    let mut shared = shared.lock().expect("no fake has panicked");
    if let Some(answer) = shared.service.gate(request) {
        return answer;
    }
    let operation = shared.service.operation(request);
    *shared.calls.entry(operation).or_default() += 1;
    if let Some((target, answer)) = &shared.refused
        && request.header("x-amz-target") == Some(target)
    {
        return answer.clone();
    }
    if let Some(answer) = shared.trouble.as_mut().and_then(Trouble::answer) {
        return answer;
    }
    shared.refusals.pop_front().unwrap_or_else(|| shared.service.answer(request))
}

/// `None` when the client has nothing more to say.
fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}

fn write(stream: &mut impl Write, answer: &Answer) -> std::io::Result<()> {
    let mut text = format!("HTTP/1.1 {} said\r\n", answer.status);
    for (name, value) in &answer.headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("content-length: {}\r\n\r\n{}", answer.body.len(), answer.body);
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

fn tls() -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(certificate("key-service.crt")).expect("a file");
    let chain: Vec<_> = chain.collect::<Result<_, _>>().expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(certificate("key-service.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the usual versions")
        .with_no_client_auth()
        .with_single_cert(chain, key);
    Arc::new(config.expect("a certificate and its key"))
}
