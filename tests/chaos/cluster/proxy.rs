//! nginx in front of the nodes, with the ideas of `contrib/nginx`: what came to nothing is tried at the
//! next node, unless it may have done something.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::support::own_address;

const CONFIGURATION: &str = "
daemon off; pid {folder}/nginx.pid; worker_processes 1; error_log stderr crit;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    upstream appgrant { {servers} keepalive 32; }
    # A POST that reached a node is not sent to another: that is nginx' default, and must stay.
    proxy_next_upstream error timeout http_502 http_503;
    proxy_connect_timeout 1s;
    proxy_http_version 1.1;
    proxy_set_header Connection '';
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    server {
        listen {address};
        location / {
            proxy_pass http://appgrant;
            proxy_set_header X-Forwarded-Proto http;
        }
        location /wp-json/ {
            auth_request /_appgrant_verify;
            # What auth_request makes of a 503, and of an AppGrant that is not there.
            error_page 500 =503 /_away;
            empty_gif;
        }
        location = /_away { internal; return 503; }
        location = /_appgrant_verify {
            internal;
            proxy_pass http://appgrant/verify;
            proxy_pass_request_body off;
            proxy_set_header Content-Length '';
            proxy_set_header X-Original-Method $request_method;
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Forwarded-Proto https;
        }
    }
}
";

/// A running nginx; stopped when dropped.
pub struct Proxy {
    pub url: String,
    child: Child,
}

impl Proxy {
    /// One at that address, in front of those.
    pub async fn start(folder: &Path, address: &str, nodes: &[String]) -> Self {
        let folder = folder.join("nginx");
        fs::create_dir(&folder).unwrap();
        let server = |node: &String| format!("server {node} max_fails=1 fail_timeout=1s;");
        let servers: String = nodes.iter().map(server).collect();
        let text = CONFIGURATION
            .replace("{folder}", folder.to_str().unwrap())
            .replace("{servers}", &servers)
            .replace("{address}", address);
        let file = folder.join("nginx.conf");
        fs::write(&file, text).unwrap();
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];
        let program = program.iter().find(|path| Path::new(path).exists());
        let log = File::create(folder.join("nginx.err")).unwrap();
        let child = Command::new(program.expect("this needs nginx"))
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(&file)
            .args(["-e", "stderr"])
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let proxy = Self { url: format!("http://{address}"), child };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).await.is_err() {
            let said = fs::read_to_string(folder.join("nginx.err")).unwrap();
            assert!(Instant::now() < deadline, "nginx does not listen: {said}");
            sleep(Duration::from_millis(20)).await;
        }
        proxy
    }

    /// A fresh address for one.
    pub fn address() -> String {
        own_address()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // SIGTERM, so that it takes its own children along.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
