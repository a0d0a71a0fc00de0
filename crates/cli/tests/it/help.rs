use crate::support::App;

#[tokio::test]
async fn help_names_every_command() {
    let app = App::empty();
    let help = app.run(&["--help"]).await.ok();
    insta::assert_snapshot!(help.out);
}

#[tokio::test]
async fn help_of_every_command() {
    let app = App::empty();
    let commands: &[&[&str]] = &[
        &["init"],
        &["up"],
        &["serve"],
        &["tenant"],
        &["tenant", "create"],
        &["tenant", "delete"],
        &["tenant", "rename"],
        &["tenant", "label"],
        &["url"],
        &["psql"],
        &["sql"],
        &["migrate"],
        &["migrate", "new"],
        &["migrate", "plan"],
        &["migrate", "up"],
        &["migrate", "down"],
        &["migrate", "show"],
        &["job"],
    ];
    let mut text = String::new();
    for command in commands {
        let help = app.run(&[*command, &["--help"]].concat()).await.ok();
        // What every command takes is in the other snapshot.
        let own: Vec<&str> = help.out.lines().filter(|l| !is_global(l)).collect();
        text.push_str(&format!("$ tenantry {} --help\n{}\n\n", command.join(" "), own.join("\n")));
    }
    insta::assert_snapshot!(text);
}

fn is_global(line: &str) -> bool {
    ["--dir <", "--json", "--database-url", "--verbose", "--help"].iter().any(|flag| line.contains(flag))
}

#[tokio::test]
async fn the_version_is_told() {
    let app = App::empty();
    let version = app.run(&["--version"]).await.ok();
    assert_eq!(version.out, format!("tenantry {}\n", env!("CARGO_PKG_VERSION")));
}
