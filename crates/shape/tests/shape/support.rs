//! Carries SQL and prints what came out, one line per emitted statement.

use tenantry_domain::TenantKeyType;
use tenantry_shape::{Emitted, History, Options, Scope, ShadowAnswer, ShadowQuestion, Statement};

/// The options of the tests: a uuid column, and two global tables.
pub fn options() -> Options {
    Options {
        tenant_column: "tenant_id".to_owned(),
        tenant_type: TenantKeyType::Uuid,
        current_tenant: "tenantry.current_tenant()".to_owned(),
        global_tables: ["countries", "currencies"].map(str::to_owned).into(),
    }
}

/// What `sql` becomes after `setup`, or why not.
pub fn after(setup: &str, sql: &str) -> String {
    let mut history = History::new(options());
    if let Err(e) = history.apply("setup.sql", setup) {
        return format!("SETUP {e}");
    }
    match history.apply("m.sql", sql) {
        Ok(statements) => statements.iter().map(print).collect::<Vec<_>>().join("\n"),
        Err(e) => e.to_string(),
    }
}

/// What `sql` becomes after `setup`, where a shadow gives this answer.
pub fn asked(setup: &str, sql: &str, answer: &ShadowAnswer) -> String {
    let mut history = History::new(options());
    history.apply("setup.sql", setup).unwrap();
    let mut probes = Vec::new();
    let mut ask = |question: ShadowQuestion<'_>| {
        pg_query::parse(question.probe, 0).unwrap();
        probes.push(format!("asked {}:{}: {}", question.file, question.line, question.probe));
        Ok(answer.clone())
    };
    let found = match history.apply_with("m.sql", sql, &mut ask) {
        Ok(statements) => statements.iter().map(print).collect::<Vec<_>>(),
        Err(e) => vec![e.to_string()],
    };
    probes.into_iter().chain(found).collect::<Vec<_>>().join("\n")
}

fn print(statement: &Statement) -> String {
    let mut lines = Vec::new();
    for (shape, list) in
        [("shared", &statement.shared), ("plain", &statement.plain), ("last", &statement.retired)]
    {
        lines.extend(list.iter().map(|e| format!("{shape} {}", emitted(e))));
    }
    lines.extend(statement.notes.iter().map(|n| format!("note: {n}")));
    lines.join("\n")
}

fn emitted(e: &Emitted) -> String {
    let scope = match e.scope {
        Scope::Database => "once",
        Scope::Tenant => "tenant",
    };
    let alone = if e.transactional { "" } else { " alone" };
    format!("{scope}{alone}: {}", e.render("shared"))
}
