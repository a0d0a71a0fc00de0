//! ON UPDATE SET NULL and SET DEFAULT. There is no list of columns for them, and the tenant column must not be set: the
//! key becomes NO ACTION, and a trigger on the table referred to sets the others before the server looks.

use pg_query::protobuf::Constraint;

use crate::ident;
use crate::model::Emitted;
use crate::names;
use crate::refuse::Refuse;
use crate::statement::{Work, once};

/// Takes the action off a foreign key; what must run before it is made, and after.
pub(super) fn carry(
    work: &mut Work<'_>,
    (table, target): (&str, &str),
    c: &mut Constraint,
) -> Result<(Vec<Emitted>, Vec<Emitted>), Refuse> {
    let value = match c.fk_upd_action.as_str() {
        "n" => Some("NULL"),
        "d" => Some("DEFAULT"),
        _ => None,
    };
    let before = forget(work, target, &c.conname)?;
    let Some(value) = value else { return Ok((before, Vec::new())) };
    if work.catalog.is_secured(table) {
        return Err(crate::statement::policy::update_action(table, &c.conname));
    }
    c.fk_upd_action = "a".to_owned();
    let after = create(work, target, &c.conname, value)?;
    if let Some(t) = work.catalog.tables.get_mut(target) {
        t.update_triggers.insert(c.conname.clone(), value);
    }
    Ok((before, vec![after]))
}

/// The exclamation mark makes it fire before the server's own triggers.
fn name(foreign_key: &str) -> String {
    ident::quote(names::clip(&format!("!tenantry_update_{foreign_key}"), names::NAME_BYTES_MAX))
}

fn create(work: &Work<'_>, target: &str, foreign_key: &str, value: &str) -> Result<Emitted, Refuse> {
    once(format!(
        "CREATE TRIGGER {} AFTER UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION tenantry.set_on_update({}, '{value}', {})",
        name(foreign_key),
        ident::quote(target),
        ident::literal(foreign_key),
        ident::literal(&work.options.tenant_column)
    ))
}

/// Removes the trigger of a foreign key that there was under this name.
fn forget(work: &mut Work<'_>, target: &str, foreign_key: &str) -> Result<Vec<Emitted>, Refuse> {
    let there = work.catalog.tables.get_mut(target).and_then(|t| t.update_triggers.remove(foreign_key));
    if there.is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![once(format!("DROP TRIGGER {} ON {}", name(foreign_key), ident::quote(target)))?])
}

/// Follows a foreign key to its new name: the trigger finds it by that.
pub(crate) fn rename(
    work: &mut Work<'_>,
    target: &str,
    old: &str,
    new: &str,
) -> Result<Vec<Emitted>, Refuse> {
    let value = work.catalog.tables.get(target).and_then(|t| t.update_triggers.get(old).copied());
    let Some(value) = value else { return Ok(Vec::new()) };
    let mut out = forget(work, target, old)?;
    out.push(create(work, target, new, value)?);
    if let Some(t) = work.catalog.tables.get_mut(target) {
        t.update_triggers.insert(new.to_owned(), value);
    }
    Ok(out)
}
