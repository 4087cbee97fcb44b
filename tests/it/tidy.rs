//! Tidiness is what a reviewer would otherwise have to check: the import order, documentation,
//! the length of functions, and that README.md says what the program says.

use crate::harness::{Scene, complaint, schema};
use ccbatch::domain::Currency;
use ccbatch::exit::Exit;
use ccbatch::payout::results::line::HEADER;
use ccbatch::sandbox::STEPS;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A longer function does not fit a screen.
const MAX_FUNCTION_LINES: usize = 70;

/// The modules that each module may use, after the drawing in `src/lib.rs`.
const IMPORTS: &[(&str, &[&str])] = &[
    ("characters", &[]),
    ("os", &[]),
    ("secret", &["characters"]),
    ("api", &[]),
    ("clock", &[]),
    ("tls", &[]),
    ("domain", &["characters", "api"]),
    ("exit", &["domain"]),
    ("address", &["characters", "domain"]),
    ("intake", &["characters", "api", "domain", "address"]),
    (
        "payout",
        &["os", "secret", "clock", "domain", "intake", "ledger"],
    ),
    (
        "cryptocloud",
        &[
            "characters",
            "secret",
            "api",
            "clock",
            "tls",
            "domain",
            "ledger",
            "payout",
        ],
    ),
    ("ledger", &["os", "clock", "tls", "domain", "address"]),
    ("sandbox", &["api"]),
    (
        "terminal",
        &[
            "characters",
            "clock",
            "domain",
            "exit",
            "address",
            "intake",
            "ledger",
            "payout",
        ],
    ),
    ("report", &["domain", "ledger", "payout"]),
    ("cli", &["domain", "intake", "ledger"]),
    (
        "error",
        &[
            "os",
            "secret",
            "clock",
            "domain",
            "exit",
            "intake",
            "ledger",
            "payout",
            "cryptocloud",
            "sandbox",
        ],
    ),
    (
        "config",
        &[
            "os",
            "domain",
            "address",
            "intake",
            "ledger",
            "payout",
            "cryptocloud",
            "report",
            "cli",
            "error",
        ],
    ),
    (
        "app",
        &[
            "characters",
            "os",
            "secret",
            "api",
            "clock",
            "domain",
            "exit",
            "intake",
            "ledger",
            "payout",
            "cryptocloud",
            "sandbox",
            "terminal",
            "report",
            "cli",
            "error",
            "config",
        ],
    ),
    (
        "main",
        &["app", "cli", "config", "error", "exit", "terminal"],
    ),
];

/// Files and folders that do no input or output.
const PURE: &[&str] = &[
    "src/domain",
    "src/address",
    "src/intake",
    "src/ledger/adopt.rs",
    "src/ledger/key.rs",
    "src/ledger/rules.rs",
    "src/ledger/table.rs",
    "src/payout/plan.rs",
    "src/payout/results/line.rs",
    "src/payout/results/read.rs",
    "src/cryptocloud/classify.rs",
    "src/cryptocloud/invoice.rs",
    "src/cryptocloud/json.rs",
    "src/cryptocloud/page.rs",
    "src/cryptocloud/error_body.rs",
    "src/report",
    "src/terminal/events.rs",
    "src/terminal/payees.rs",
    "src/terminal/refusals.rs",
    "src/terminal/report.rs",
];

/// What input and output is done with.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "tokio",
    "reqwest",
    "hyper",
    "indicatif",
];

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "manager", "handler", "misc",
];

/// What is left in the code by accident, in pieces so that this file does not have it.
const STRAY: &[&str] = &[
    concat!("to", "do!"),
    concat!("db", "g!"),
    concat!("unimple", "mented!"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// A file of Rust.
struct Source {
    /// Its path under the project's root.
    path: PathBuf,
    text: String,
}

/// Every file of Rust under these folders, in order.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for folder in folders {
        collect(&root().join(folder), &mut files);
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!files.is_empty(), "no sources in {folders:?}");
    files
}

fn collect(folder: &Path, files: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return; // Not every project has benches.
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(Source {
                text: fs::read_to_string(&path).unwrap(),
                path: path.strip_prefix(root()).unwrap().to_owned(),
            });
        }
    }
}

impl Source {
    /// The module under the crate's root that it belongs to.
    fn module(&self) -> String {
        let inside = self.path.strip_prefix("src").unwrap();
        let first = inside.components().next().unwrap();
        let name = first.as_os_str().to_str().unwrap();
        name.trim_end_matches(".rs").to_owned()
    }

    /// How many modules down it is: 1 for a module under the crate's root.
    fn depth(&self) -> usize {
        let parts = self.path.strip_prefix("src").unwrap().components().count();
        let is_folder_s = self.path.ends_with("mod.rs");
        parts - usize::from(is_folder_s)
    }

    /// The text without lines that are comments.
    fn code(&self) -> String {
        let lines = self.text.lines();
        lines
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// What stands behind `crate::`, as far as names and colons go, with groups taken apart.
    fn uses(&self) -> BTreeSet<String> {
        let code = self.code();
        let mut uses = BTreeSet::new();
        for root in ["crate::", "ccbatch::"] {
            for (at, _) in code.match_indices(root) {
                let rest = &code[at + root.len()..];
                match rest.strip_prefix('{') {
                    Some(group) => uses.extend(members(group)),
                    None => _ = uses.insert(name(rest)),
                }
            }
        }
        uses
    }
}

/// A path of names as long as it goes.
fn name(text: &str) -> String {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    text.chars().take_while(|c| is_path(*c)).collect()
}

/// The members of a group, behind its opening brace.
fn members(group: &str) -> Vec<String> {
    let mut members = Vec::new();
    let mut member = String::new();
    let mut depth = 0;
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => members.push(std::mem::take(&mut member)),
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => member.push(c),
        }
    }
    members.push(member);
    members.retain(|member| !member.trim().is_empty());
    members.iter().map(|it| name(it.trim())).collect()
}

#[test]
fn imports_go_one_way_only() {
    let known: BTreeSet<&str> = IMPORTS.iter().map(|(module, _)| *module).collect();
    for source in sources(&["src"]) {
        let module = source.module();
        if module == "lib" {
            continue;
        }
        let allowed = IMPORTS.iter().find(|(name, _)| *name == module);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{module} has no place in the order"));
        for path in source.uses() {
            let used = path.split(':').next().unwrap_or_default();
            let place = source.path.display();
            assert!(
                !known.contains(used) || used == module || allowed.contains(&used),
                "{place}: {module} must not use {used}"
            );
            assert!(
                module != "cryptocloud" || used != "payout" || path.starts_with("payout::gateway"),
                "{place}: cryptocloud knows the trait of payout and nothing else of it"
            );
        }
        // Any other way out of a module would go unseen.
        let uses = source
            .text
            .lines()
            .filter_map(|line| line.split_once("use super::"));
        for (before, path) in uses.filter(|(before, _)| before.is_empty() || *before == "pub ") {
            let supers = 1 + path.matches("super::").count();
            let place = source.path.display();
            assert!(
                supers < source.depth(),
                "{place}: {before}use super::{path}"
            );
        }
    }
}

/// Folders of the source in which no file may use another one in a circle.
const WITHOUT_CIRCLES: &[&str] = &["src"];

/// The files that a file uses, by their paths under the root, as far as they are among `all`.
fn files_used(source: &Source, all: &[Source]) -> BTreeSet<PathBuf> {
    let code = source.code();
    let code = code
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default();
    let is_mod = source.path.ends_with("mod.rs");
    let folder = source.path.parent().unwrap();
    // What `super` and `self` stand for: a folder whose modules are the next names.
    let here = if is_mod {
        folder.to_owned()
    } else {
        source.path.with_extension("")
    };
    let parent = here.parent().unwrap();
    let mut paths: Vec<(PathBuf, String)> = Vec::new();
    for (root, start) in [
        ("crate::", Path::new("src")),
        ("super::super::", parent.parent().unwrap_or(parent)),
        ("super::", parent),
    ] {
        for (at, _) in code.match_indices(root) {
            if root == "super::" && code[..at].ends_with("super::") {
                continue;
            }
            let rest = &code[at + root.len()..];
            let (before, group) = match rest.split_once('{') {
                Some((before, group)) if name(before) == before => {
                    (before.to_owned(), members(group))
                }
                _ => (String::new(), vec![name(rest)]),
            };
            for member in group {
                paths.push((start.to_owned(), format!("{before}{member}")));
            }
        }
    }
    if is_mod {
        // A folder's own file names its modules without a word before them.
        for line in code
            .lines()
            .filter(|line| !line.starts_with("pub use ") && !line.contains("mod "))
        {
            for word in line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
                paths.push((here.clone(), word.to_owned()));
            }
        }
    }
    let found = paths
        .into_iter()
        .filter_map(|(start, path)| file_of(&start, &path, all));
    found.filter(|used| *used != source.path).collect()
}

/// The file in which the item of a path is, where folders pass items on from their modules.
fn file_of(start: &Path, path: &str, all: &[Source]) -> Option<PathBuf> {
    let find = |path: &Path| all.iter().find(|source| source.path == path);
    let mut folder = start.to_owned();
    let mut names = path.split("::").filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.peek() {
        let file = folder.join(format!("{name}.rs"));
        if find(&file).is_some() {
            return Some(file);
        }
        if find(&folder.join(name).join("mod.rs")).is_none() {
            break;
        }
        folder.push(name);
        names.next();
    }
    let passed_on = find(&folder.join("mod.rs"))?;
    let item = names.next()?;
    let module = passed_on.text.split(';').find_map(|line| {
        let (module, items) = line.trim().strip_prefix("pub use ")?.split_once("::")?;
        let has_it = items
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|it| it == item);
        has_it.then_some(module)
    });
    match module {
        Some(module) => file_of(&folder, &format!("{module}::{item}"), all),
        None => (start != folder || path.is_empty()).then(|| passed_on.path.clone()),
    }
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let all = sources(&["src"]);
    let mut left = BTreeMap::new();
    for source in &all {
        if WITHOUT_CIRCLES
            .iter()
            .any(|folder| source.path.starts_with(folder))
        {
            left.insert(source.path.clone(), files_used(source, &all));
        }
    }
    // What uses nothing that is left is in no circle, and so on.
    loop {
        let names: BTreeSet<PathBuf> = left.keys().cloned().collect();
        let before = left.len();
        left.retain(|_, used| used.iter().any(|used| names.contains(used)));
        if left.len() == before {
            break;
        }
    }
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn the_drawing_has_every_module() {
    let declared: BTreeSet<String> = fs::read_to_string(root().join("src/lib.rs"))
        .unwrap()
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pub mod ")?
                .strip_suffix(';')
                .map(str::to_owned)
        })
        .chain(["main".to_owned()])
        .collect();
    let drawn: BTreeSet<String> = IMPORTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(declared, drawn);
}

#[test]
fn what_is_pure_does_no_input_or_output() {
    for source in sources(&["src"]) {
        if !PURE.iter().any(|pure| source.path.starts_with(pure)) {
            continue;
        }
        let code = source.code();
        for impure in IMPURE {
            assert!(
                !code.contains(&format!("{impure}::")) && !code.contains(&format!("use {impure};")),
                "{} uses {impure}",
                source.path.display()
            );
        }
    }
    for pure in PURE {
        let is_there = root().join(pure).exists();
        assert!(is_there, "{pure} is gone: mend the list");
    }
}

#[test]
fn every_module_says_what_it_is() {
    for source in sources(&["src", "tests", "benches"]) {
        let place = source.path.display();
        assert!(
            source.text.starts_with("//! "),
            "{place} has no `//!` at its start"
        );
        let stem = source.path.file_stem().unwrap().to_str().unwrap();
        let parts: Vec<&str> = stem.split('_').collect();
        assert!(
            !EMPTY_NAMES.iter().any(|it| parts.contains(it)),
            "{place} says nothing"
        );
    }
}

#[test]
fn nothing_is_left_lying_about() {
    for source in sources(&["src", "tests", "benches"]) {
        let code = source.code();
        for stray in STRAY {
            assert!(!code.contains(stray), "{}: {stray}", source.path.display());
        }
    }
}

#[test]
fn functions_fit_a_screen() {
    let mut long = Vec::new();
    for source in sources(&["src", "tests", "benches"]) {
        let lines: Vec<&str> = source.text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if !is_function(line) {
                continue;
            }
            // rustfmt puts the last brace where the function begins, and nothing else in between.
            let indent = &line[..line.len() - line.trim_start().len()];
            // Of one that a trait only names it is the end of its signature.
            let is_last =
                |rest: &str| rest == "}" || (rest.starts_with(')') && rest.ends_with(';'));
            let is_end = |line: &&str| line.strip_prefix(indent).is_some_and(is_last);
            let is_short = line.ends_with('}') || line.ends_with(';');
            let length = match lines[at..].iter().position(is_end) {
                Some(end) if !is_short => end + 1,
                _ => 1,
            };
            if length >= MAX_FUNCTION_LINES {
                let place = source.path.display();
                long.push(format!("{place}:{}: {length} lines", at + 1));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

fn is_function(line: &str) -> bool {
    let words = line.split_whitespace();
    let mut words = words
        .skip_while(|word| word.starts_with("pub") || ["async", "const", "extern"].contains(word));
    words.next() == Some("fn")
}

/// What the program prints on stdout.
fn printed(arguments: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ccbatch"));
    let output = program.env_clear().args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    // Blanks at the end of a line are nobody's business.
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

/// The section of a page under this heading, up to the next.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = format!("\n## {heading}\n");
    let at = page.find(&start);
    let at = at.unwrap_or_else(|| panic!("the page has no section {heading}"));
    let body = &page[at + start.len()..];
    body.split("\n## ").next().unwrap()
}

/// The rows of the tables in a section, the first cell of each without backticks.
fn table(section: &str) -> Vec<Vec<String>> {
    let lines = section.lines().filter(|line| line.starts_with('|'));
    let rows = lines.map(|line| {
        let cells = line.trim_matches('|').split(" | ");
        let mut cells: Vec<String> = cells.map(|cell| cell.trim().to_owned()).collect();
        cells[0] = cells[0].trim_matches('`').to_owned();
        cells
    });
    rows.filter(|row: &Vec<String>| !row[0].starts_with("--"))
        .collect()
}

/// With `UPDATE_GOLDEN` set, the page takes over what the program says.
#[test]
fn the_page_of_commands_has_the_help_of_each() {
    let mut readme = page("docs/commands.md");
    let commands = [
        "run",
        "validate",
        "status",
        "report",
        "resolve",
        "history",
        "ledger",
        "sandbox",
        "currencies",
        "completions",
        "man",
    ];
    for command in commands {
        let opening = format!("```text\n$ ccbatch {command} --help\n");
        let at = readme.find(&opening);
        let at = at.unwrap_or_else(|| panic!("docs/commands.md lacks the help of {command}"));
        let start = at + opening.len();
        let end = start + readme[start..].find("\n```").unwrap();
        let help = printed(&[command, "--help"]);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            readme.replace_range(start..end, &help);
            fs::write(root().join("docs/commands.md"), &readme).unwrap();
        } else {
            assert_eq!(
                &readme[start..end],
                help,
                "{command} (UPDATE_GOLDEN=1 takes it over)"
            );
        }
    }
    let all = printed(&["--help"]);
    let listed = commands
        .iter()
        .all(|it| all.contains(&format!("\n  {it} ")));
    assert!(listed && all.matches("\n  help ").count() == 1, "{all}");
}

#[test]
fn the_page_for_scripts_has_the_program_s_exit_codes() {
    let help = printed(&["--help"]);
    let (_, words) = help.split_once("Exit status: ").unwrap();
    let words: Vec<String> = words
        .replace('\n', " ")
        .split(", ")
        .map(str::to_owned)
        .collect();
    let page = page("docs/automation.md");
    let rows = table(section(&page, "Exit codes"));
    let rows = &rows[1..];
    assert_eq!(rows.len(), words.len());
    for (row, words) in rows.iter().zip(words) {
        let told = format!("{} {}", row[0], row[1]);
        assert!(
            told.starts_with(&words),
            "the page says {told:?}, the program {words:?}"
        );
    }
    let codes: Vec<String> = [
        Exit::AllCreated,
        Exit::CouldNotRun,
        Exit::Usage,
        Exit::InputInvalid,
        Exit::SomeRejected,
        Exit::StoppedEarly,
        Exit::InDoubt,
    ]
    .map(|exit| exit.code().to_string())
    .to_vec();
    assert_eq!(
        codes,
        rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>()
    );
}

#[test]
fn the_page_for_scripts_has_every_field_of_the_schema() {
    let page = page("docs/automation.md");
    let rows = table(section(&page, "JSON"));
    let schema = schema();
    let mut count = 0;
    for (name, event) in schema["$defs"].as_object().unwrap() {
        let Some(kind) = event["properties"]["type"]["const"].as_str() else {
            continue;
        };
        count += 1;
        // These are said to be the columns of the results file.
        let columns: BTreeSet<&str> = match kind {
            "unrecorded" | "attempt" => HEADER.trim_end().split(',').collect(),
            _ => BTreeSet::new(),
        };
        for field in event["properties"].as_object().unwrap().keys() {
            let told = format!("`{field}`");
            let is_told = rows
                .iter()
                .any(|row| row[0] == kind && row[1].contains(&told));
            let is_of_all = ["type", "version"].contains(&&**field);
            assert!(
                is_told || is_of_all || columns.contains(&**field),
                "docs/automation.md lacks {field} of {name}"
            );
        }
    }
    assert_eq!(count, schema["oneOf"].as_array().unwrap().len());
    let unknown = serde_json::json!({"type": "currency", "version": 1, "more": 1});
    assert!(complaint(&unknown).is_some());
}

/// With `UPDATE_GOLDEN` set the settings are not changed: a person has to say what each is for.
#[test]
fn the_page_of_commands_has_every_setting_and_an_example_that_is_read() {
    let scene = Scene::new("");
    scene.configure("nonsense = 1\n");
    let told = scene
        .program(["currencies"])
        .status(2)
        .stderr_has("nonsense")
        .go();
    let known: Vec<&str> = told.after("the settings are ").split(", ").collect();
    let page = page("docs/commands.md");
    let section = section(&page, "The config file");
    let rows = table(section);
    let shown: Vec<&str> = rows[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(shown, known);
    let (_, example) = section.split_once("```toml\n").unwrap();
    scene.configure(example.split("```").next().unwrap());
    scene.program(["currencies"]).stdout_has("BTC").go();
}

#[test]
fn the_page_on_records_has_the_columns_of_the_results_file() {
    let page = page("docs/records.md");
    let rows = table(section(&page, "The results file"));
    let rows = rows.iter().skip_while(|row| row[0] != "column").skip(1);
    let columns: Vec<&str> = rows.map(|row| row[0].as_str()).collect();
    let header: Vec<&str> = HEADER.trim_end().split(',').collect();
    assert_eq!(columns[..header.len()], header);
}

#[test]
fn the_pages_have_every_currency_and_every_step() {
    let readme = page("docs/input.md");
    for currency in Currency::all() {
        let code = format!("`{}`", currency.code());
        assert!(readme.contains(&code), "docs/input.md lacks {code}");
    }
    let sandbox = page("docs/sandbox.md");
    let rows = table(section(&sandbox, "Steps"));
    let told: Vec<(&str, &str)> = rows[1..].iter().map(|row| (&*row[0], &*row[1])).collect();
    assert_eq!(told, STEPS, "the steps of the sandbox");
}
