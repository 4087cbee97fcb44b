//! Events are checked by the schema that `docs/` promises.

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// The schema, compiled once.
static SCHEMA: LazyLock<(Schemas, SchemaIndex)> = LazyLock::new(|| {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("events.json", schema()).unwrap();
    let index = compiler.compile("events.json", &mut schemas).unwrap();
    (schemas, index)
});

/// `docs/events.schema.json`
pub(crate) fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/events.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Why an event is not as the schema says.
pub(crate) fn complaint(event: &Value) -> Option<String> {
    let (schemas, index) = &*SCHEMA;
    let error = schemas.validate(event, *index).err()?;
    Some(format!("{error:#}"))
}

/// Checks every line that is an event.
#[track_caller]
pub(super) fn assert_events(stdout: &str) {
    for line in stdout.lines().filter(|line| line.starts_with('{')) {
        let event: Value = serde_json::from_str(line).unwrap();
        if let Some(complaint) = complaint(&event) {
            panic!("{line}\n{complaint}");
        }
    }
}
