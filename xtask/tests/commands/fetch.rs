//! Fetching: what is asked, what is taken, and that everything else is named and changes nothing.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use xtask::regen::{fetch, regen_from_published};
use xtask::workspace::{GENERATED, OVERLAY, PIN, PROVENANCE};

use crate::server::{Server, ok, redirect, send, wait_for_hang_up};
use crate::world::{NEW, OLD, World};

/// Both commands that fetch refuse what is there, change nothing, and say all of this.
fn refused(world: &World, from: &str, said: &[&str]) {
    let before = world.tree();
    for result in [world.regen_from(from), world.fetch_from(from)] {
        let error = format!("{:#}", result.unwrap_err());
        for said in said {
            assert!(error.contains(said), "`{said}` is not said in: {error}");
        }
        assert!(
            error.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            "not printable: {error:?}"
        );
        assert_eq!(world.tree(), before, "{error}");
        assert!(!world.has_journal());
    }
}

#[test]
fn what_is_not_the_contract_is_named_and_changes_nothing() {
    let long = "x".repeat(10_001);
    let hex = format!("{:x}", long.len());
    for (what, answer, said) in [
        (
            "a status",
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nno\x1b[31mno".into(),
            &["not the contract", "status 404 Not Found", "content type text/plain", "8 bytes read", "`no?[31mn`"][..],
        ),
        ("a status", "HTTP/1.1 204 No Content\r\n\r\n".into(), &["status 204 No Content", "0 bytes read"]),
        (
            "a part",
            format!("HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n\r\n{NEW}", NEW.len()),
            &["status 206 Partial Content"],
        ),
        ("an answer to what was not asked", "HTTP/1.1 304 Not Modified\r\n\r\n".into(), &["status 304 Not Modified"]),
        ("a redirect to nowhere", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".into(), &["status 302 Found"]),
        (
            "a web page",
            text(ok("Content-Type: text/html; charset=utf-8\r\n", "\n  <p>Log in\nplease")),
            &["a web page, not the contract", "status 200 OK", "text/html; charset=utf-8", "19 bytes read", "`<p>Log in`"],
        ),
        (
            "a web page in disguise",
            text(ok("Content-Type: text/yaml\r\n", "\r\n<!DOCTYPE html>\n<html>")),
            &["a web page", "text/yaml", "`<!DOCTYPE html>`"],
        ),
        ("nothing", text(ok("", "")), &["empty", "status 200 OK", "0 bytes read"]),
        ("blanks", text(ok("", " \n\n")), &["empty", "3 bytes read"]),
        (
            "less than announced",
            format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{NEW}"),
            &["the answer breaks off", "bytes", "`openapi: 3.0.1`"],
        ),
        (
            "chunks without an end",
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{NEW}\r\n", NEW.len()),
            &["the answer breaks off", "`openapi: 3.0.1`"],
        ),
        (
            "no word of its length",
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{NEW}"),
            &["does not tell its length", "`openapi: 3.0.1`"],
        ),
        (
            "no word of its length, the old way",
            format!("HTTP/1.0 200 OK\r\n\r\n{NEW}"),
            &["does not tell its length"],
        ),
        (
            "too much, announced",
            format!("HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n{long}"),
            &["larger than 10000 bytes: it announces 10001", "status 200 OK"],
        ),
        (
            "too much, not announced",
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{hex}\r\n{long}\r\n0\r\n\r\n"),
            &["larger than 10000 bytes"],
        ),
        (
            "an encoding",
            text(ok("Content-Encoding: gzip\r\n", NEW)),
            &["encoded as gzip, which was not asked for"],
        ),
        ("another version", text(ok("", "openapi: 3.1.0\n")), &["not OpenAPI 3.0", ":1:1: "]),
        ("no HTTP", "220 mail.example.com\r\n".into(), &["invalid HTTP"]),
        ("silence", String::new(), &["connection closed"]),
    ] {
        println!("{what}");
        let world = World::new();
        let server = Server::sending(answer);
        refused(&world, &server.url("/contract.yml"), &[said, &[&server.url("/contract.yml")]].concat());
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_first_line_is_cut() {
    let world = World::new();
    let server = Server::sending(format!(
        "HTTP/1.1 500 Oops\r\nContent-Length: 9000\r\n\r\n{}",
        "y".repeat(9000)
    ));
    refused(
        &world,
        &server.url("/"),
        &[&format!("`{}...`", "y".repeat(80)), "9000 bytes read"],
    );
}

#[test]
fn an_endless_answer_is_cut_at_the_real_limit() {
    let mut world = World::new();
    world.limits.size = xtask::fetch::Limits::default().size;
    assert_eq!(world.limits.size, 4 * 1024 * 1024);
    let server = Server::new(|_, connection| {
        use std::io::Write;
        send(
            connection,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        while connection.write_all(chunk.as_bytes()).is_ok() {}
    });
    refused(&world, &server.url("/"), &["larger than 4194304 bytes"]);
}

#[test]
fn a_vendor_out_of_reach_changes_nothing() {
    let world = World::new();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    refused(
        &world,
        &format!("http://{free}/"),
        &[&format!("http://{free}/"), "out of reach"],
    );
    refused(
        &world,
        &format!("https://{free}/"),
        &[&format!("https://{free}/"), "out of reach"],
    );
}

#[test]
fn a_server_that_speaks_no_tls_is_out_of_reach() {
    let world = World::new();
    let server = Server::sending("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    refused(
        &world,
        &server.url("/").replace("http:", "https:"),
        &["out of reach"],
    );
}

#[test]
fn a_server_that_falls_silent_is_not_waited_for() {
    let mut world = World::new();
    world.limits.silence = Duration::from_millis(500);
    let server = Server::new(|_, connection| wait_for_hang_up(connection));
    refused(
        &world,
        &server.url("/"),
        &["no answer in time", "500ms of silence"],
    );
    let server = Server::new(|_, connection| {
        send(
            connection,
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nopenapi: 3.0.1\n",
        );
        wait_for_hang_up(connection);
    });
    refused(
        &world,
        &server.url("/"),
        &["no answer in time", "15 bytes read", "`openapi: 3.0.1`"],
    );
}

#[test]
fn a_server_that_drips_is_not_waited_for() {
    let mut world = World::new();
    world.limits.total = Duration::from_millis(200);
    let server = Server::new(|_, connection| {
        use std::io::Write;
        send(
            connection,
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        );
        // Alive all the time, so that nothing but the limit on the whole can end it.
        while connection.write_all(b"#").is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    refused(
        &world,
        &server.url("/"),
        &["no answer in time", "200ms in all"],
    );
}

#[test]
fn a_redirect_on_this_machine_is_followed() {
    let world = World::new();
    let server = Server::new(|head, connection| match head.split(' ').nth(1) {
        Some("/contract.yml") => send(connection, &ok("", NEW)),
        _ => send(connection, redirect("/contract.yml").as_bytes()),
    });
    world.regen_from(&server.url("/moved")).unwrap();
    assert_eq!(world.read(PIN), NEW);
    assert_eq!(
        world.provenance().url,
        server.url("/moved"),
        "what was asked is recorded"
    );
}

#[test]
fn a_redirect_to_elsewhere_is_not_followed() {
    for (to, said) in [
        (
            "http://example.com/contract.yml",
            "not followed: plain http is for this very machine alone",
        ),
        (
            "http://127.0.0.1.example.com/",
            "plain http is for this very machine alone",
        ),
        (
            "https://me:secret@example.com/",
            "not followed: a URL with a user name or password",
        ),
        (
            "ftp://127.0.0.1/contract.yml",
            "not followed: neither https nor http",
        ),
        ("file:///etc/hostname", "status 302 Found"),
    ] {
        let world = World::new();
        let server = Server::sending(redirect(to));
        refused(&world, &server.url("/"), &[said, &server.url("/")]);
        let error = format!("{:#}", world.fetch_from(&server.url("/")).unwrap_err());
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn a_ring_of_redirects_is_left() {
    let world = World::new();
    let server = Server::sending(redirect("/again"));
    refused(&world, &server.url("/"), &["more than 5 redirects"]);
    assert_eq!(server.requests().len(), 2 * 6);
}

#[test]
fn a_fetch_pins_and_records_and_leaves_the_client_alone() {
    let world = World::new();
    let before = world.tree();
    let server = Server::serving(NEW, Some("\"v2\""));
    world
        .fetch_from(&server.url("/contract.yml#fragment"))
        .unwrap();
    assert_eq!(world.read(PIN), NEW);
    assert_eq!(
        world.read(PROVENANCE),
        format!(
            "# Where the pinned contract came from. Written by `cargo xtask fetch` and `regen --fetch`.\n\
             url = \"{}\"\n\
             sha256 = \"{}\"\n\
             etag = '\"v2\"'\n\
             date = \"2026-01-02T03:04:05Z\"\n",
            server.url("/contract.yml"),
            xtask::provenance::sha256(NEW.as_bytes())
        )
    );
    let after = world.tree();
    for name in before
        .keys()
        .filter(|name| ![PIN, PROVENANCE].contains(&name.as_str()))
    {
        assert_eq!(after[name], before[name]);
    }
}

#[test]
fn regen_fetch_changes_pin_record_and_client_together() {
    let world = World::new();
    let server = Server::serving(NEW, None);
    world.regen_from(&server.url("/")).unwrap();
    assert_eq!(world.read(PIN), NEW);
    assert_eq!(world.provenance().etag, None);
    assert!(
        world
            .read(&format!("{GENERATED}/changed.rs"))
            .contains("differently")
    );
    assert_eq!(
        world.run(xtask::check::check).unwrap(),
        xtask::Verdict::Done
    );
}

#[test]
fn an_etag_makes_the_next_round_trip_small() {
    let world = World::new();
    let server = Server::serving(OLD, Some("W/\"v1\""));
    world.fetch_from(&server.url("/a")).unwrap();
    world.age();
    let before = world.tree();
    world.fetch_from(&server.url("/a")).unwrap();
    world.regen_from(&server.url("/a")).unwrap();
    assert_eq!(world.tree(), before, "unchanged, so untouched");
    let asked: Vec<_> = server
        .requests()
        .iter()
        .map(|head| head.contains("if-none-match: w/\"v1\"\r\n"))
        .collect();
    assert_eq!(asked, [false, true, true]);
}

#[test]
fn an_unchanged_contract_is_generated_from_all_the_same() {
    let world = World::new();
    let server = Server::serving(OLD, Some("\"v1\""));
    world.fetch_from(&server.url("/")).unwrap();
    world.write(OVERLAY, "overlay: 1.0.0 # corrected\n");
    world.regen_from(&server.url("/")).unwrap();
    assert!(
        world
            .read(&format!("{GENERATED}/kept.rs"))
            .contains("corrected")
    );
}

#[test]
fn an_etag_is_not_used_for_another_url_nor_for_an_edited_pin() {
    let world = World::new();
    let server = Server::serving(OLD, Some("\"v1\""));
    world.fetch_from(&server.url("/a")).unwrap();
    world.fetch_from(&server.url("/b")).unwrap();
    world.write(PIN, &format!("{OLD}# edited\n"));
    world.fetch_from(&server.url("/b")).unwrap();
    assert_eq!(world.read(PIN), OLD, "the edit is undone");
    assert!(
        server
            .requests()
            .iter()
            .all(|head| !head.contains("if-none-match"))
    );
}

#[test]
fn the_same_bytes_again_change_nothing_not_even_the_date() {
    let world = World::new();
    let server = Server::serving(OLD, None);
    world.fetch_from(&server.url("/")).unwrap();
    world.age();
    let before = world.tree();
    world.now.set(world.now.get() + Duration::from_secs(86_400));
    world.fetch_from(&server.url("/")).unwrap();
    assert_eq!(world.tree(), before);
}

#[test]
fn a_record_that_can_not_be_read_does_not_stop_a_fetch() {
    let world = World::new();
    world.write(PROVENANCE, "nonsense");
    let server = Server::serving(NEW, None);
    world.fetch_from(&server.url("/")).unwrap();
    assert_eq!(world.provenance().url, server.url("/"));
}

#[test]
fn a_file_will_do_and_is_recorded_without_its_folder() {
    let world = World::new();
    world.write("elsewhere/new.yml", NEW);
    let path = world.root().join("elsewhere/new.yml");
    for from in [
        path.to_str().unwrap().to_owned(),
        format!("file://{}", path.display()),
    ] {
        world.fetch_from(&from).unwrap();
        assert_eq!(world.read(PIN), NEW);
        assert_eq!(world.provenance().url, "file:new.yml");
    }
}

#[test]
fn a_file_that_is_no_contract_is_named_and_changes_nothing() {
    let world = World::new();
    world.write("empty.yml", "");
    world.write("large.yml", &"x".repeat(10_001));
    world.write("page.yml", "<html>\n");
    world.write("other.yml", "openapi: 3.1.0\n");
    for (name, said) in [
        ("empty.yml", "empty: 0 bytes read"),
        ("large.yml", "larger than 10000 bytes"),
        (
            "page.yml",
            "a web page, not the contract: 7 bytes read, first line `<html>`",
        ),
        ("other.yml", "not OpenAPI 3.0"),
        ("missing.yml", "can't be read"),
        ("spec", "can't be read"),
    ] {
        let path = world.root().join(name);
        refused(
            &world,
            path.to_str().unwrap(),
            &[said, path.to_str().unwrap()],
        );
    }
}

#[test]
fn what_may_not_be_asked_is_refused_and_not_repeated() {
    let world = World::new();
    for (from, said) in [
        (
            "http://example.com/secret",
            "plain http is for this very machine alone",
        ),
        ("https://me:secret@example.com/", "a user name or password"),
        ("https://secret@example.com/", "a user name or password"),
        ("https:/me:secret@example.com/", "a user name or password"),
        (
            "https://me:secret@example.com:port/",
            "can't be read: invalid port number",
        ),
        (
            "ftp://example.com/secret",
            "a file of that name is written ./NAME",
        ),
        (
            "me:secret@example.com/",
            "a file of that name is written ./NAME",
        ),
        ("", "empty"),
    ] {
        refused(&world, from, &[said]);
        let error = format!("{:#}", world.fetch_from(from).unwrap_err());
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn the_environment_replaces_the_vendor_and_from_wins_over_both() {
    let mut world = World::new();
    let (mirror, other) = (Server::serving(NEW, None), Server::serving(OLD, None));
    world.contract_url = Some(mirror.url("/mirror"));
    world
        .run(|workspace, outside| fetch(workspace, None, outside))
        .unwrap();
    assert_eq!(world.provenance().url, mirror.url("/mirror"));
    world
        .run(|workspace, outside| regen_from_published(workspace, None, outside))
        .unwrap();
    world.fetch_from(&other.url("/other")).unwrap();
    assert_eq!(world.provenance().url, other.url("/other"));
    assert_eq!((mirror.requests().len(), other.requests().len()), (2, 1));
}

#[test]
fn a_name_for_this_machine_is_this_machine() {
    let world = World::new();
    let server = Server::serving(NEW, None);
    world
        .fetch_from(&server.url("/").replace("127.0.0.1", "localhost"))
        .unwrap();
    assert_eq!(world.read(PIN), NEW);
}
