//! A real rate limiter: nginx with `limit_req` in front of the sandbox, behind a network that
//! delays every request by up to 200 ms. A batch at the API's pace goes through without a refusal.

use crate::harness::{Scene, eventually, rows, unhurried};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The longest delay of a request on its way.
const MAX_DELAY: Duration = Duration::from_millis(200);

/// An nginx of its own, which ends with the test.
struct Nginx {
    process: Child,
    /// Where it listens: a name, because it cannot be given a port that the system chooses.
    socket: PathBuf,
}

impl Nginx {
    /// A limiter in front of the scene's sandbox; `None` where nginx is not installed.
    fn start(scene: &Scene, rate: &str) -> Option<Self> {
        let socket = scene.path("nginx.sock");
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{\n\
               access_log off;\n\
               client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n\
               uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n\
               limit_req_zone $http_authorization zone=key:64k rate={rate};\n\
               limit_req_status 429;\n\
               server {{\n\
                 listen unix:{};\n\
                 location / {{ limit_req zone=key; proxy_pass {}; }}\n\
               }}\n\
             }}\n",
            socket.display(),
            scene.url()
        );
        scene.write("nginx.conf", config);
        let folder = scene.path("");
        let mut nginx = Command::new("nginx");
        nginx
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(scene.path("nginx.conf"))
            .stderr(Stdio::null());
        let process = nginx.spawn().ok()?;
        eventually("nginx listens", || UnixStream::connect(&socket).is_ok());
        Some(Self { process, socket })
    }

    /// The base URL behind a network that delays requests by up to this much. The delays differ,
    /// and are the same in every test.
    fn url(&self, max_delay: Duration) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let socket = self.socket.clone();
        std::thread::spawn(move || {
            for (n, client) in (0u32..).zip(listener.incoming()) {
                let delay = max_delay * (n * 137 % 200) / 200;
                let socket = socket.clone();
                std::thread::spawn(move || relay(client?, &socket, delay));
            }
        });
        format!("http://{address}")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn relay(mut client: TcpStream, socket: &PathBuf, delay: Duration) -> io::Result<()> {
    std::thread::sleep(delay);
    let mut server = UnixStream::connect(socket)?;
    let (mut to_client, mut from_server) = (client.try_clone()?, server.try_clone()?);
    let back = std::thread::spawn(move || io::copy(&mut from_server, &mut to_client));
    io::copy(&mut client, &mut server)?;
    server.shutdown(Shutdown::Write)?;
    let _ = back.join();
    Ok(())
}

/// Submits so many payouts through the limiter, and tells how long it took.
fn go_through(payouts: usize, rate: &str, interval: &str) {
    let scene = Scene::new(&rows(payouts)).with_sandbox(unhurried(""));
    let Some(nginx) = Nginx::start(&scene, rate) else {
        let _ = writeln!(
            io::stderr(),
            "SKIPPED a real rate limiter at {rate}: nginx is not installed"
        );
        return;
    };
    let started = std::time::Instant::now();
    let run = scene
        .pay_through(&nginx.url(MAX_DELAY))
        .args(["--interval", interval]);
    run.stderr_has(&format!("All done: {payouts} created")).go();
    let statuses = scene.statuses();
    assert!(
        statuses.iter().all(|status| status == "created"),
        "{statuses:?}"
    );
    assert_eq!(statuses.len(), payouts, "a request was refused");
    let _ = writeln!(
        io::stderr(),
        "{payouts} payouts through nginx at {rate}: no refusal, {:.1} s",
        started.elapsed().as_secs_f64()
    );
}

#[test]
fn a_batch_goes_through_nginx_at_60_requests_a_minute() {
    go_through(8, "60r/m", "1s");
}

/// As [`a_batch_goes_through_nginx_at_60_requests_a_minute`], at the API's own pace: a minute and a half.
#[test]
#[ignore = "takes a minute and a half; cargo test --test it -- --ignored nginx"]
fn a_batch_goes_through_nginx_at_5_requests_a_minute() {
    go_through(9, "5r/m", "12s");
}

/// The limiter does refuse what comes too soon, or the tests above would prove nothing.
#[test]
fn nginx_refuses_what_comes_too_soon() {
    let scene = Scene::new(&rows(2)).with_sandbox(unhurried(""));
    let Some(nginx) = Nginx::start(&scene, "60r/m") else {
        let _ = writeln!(
            io::stderr(),
            "SKIPPED a limiter that refuses: nginx is not installed"
        );
        return;
    };
    let run = scene
        .pay_through(&nginx.url(Duration::ZERO))
        .args(["--interval", "0s"]);
    run.start().await_stderr("not_created (rate_limit)");
}
