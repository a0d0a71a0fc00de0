//! `tenantry tenant label`: words that people give tenants, for instance to choose canaries by.

use std::process::ExitCode;

use tenantry_domain::{Error, ErrorCode, Result};

use crate::Context;
use crate::stack::with_stack;

/// Longest label, in characters.
const LABEL_CHARS_MAX: usize = 40;

/// Arguments of `tenant label`.
#[derive(clap::Args, Debug)]
pub struct Label {
    /// The tenant
    #[arg(value_name = "SLUG")]
    slug: String,
    /// +NAME gives a label, -NAME takes it away; without any the labels are told
    #[arg(value_name = "+NAME|-NAME", allow_hyphen_values = true)]
    changes: Vec<String>,
}

/// Changes a tenant's labels and prints them.
///
/// # Errors
/// `tenant_unknown`, `usage`.
pub async fn run(context: &Context, label: Label) -> Result<ExitCode> {
    let (add, remove) = changes(&label.changes)?;
    with_stack(context, async |stack| {
        let row = stack.registry().find_tenant(&label.slug).await?;
        if !label.changes.is_empty() {
            stack.registry().set_labels(row.tenant.id, &add, &remove).await?;
        }
        let row = stack.registry().tenant(row.tenant.id).await?;
        context.output.result(&row.labels(), || match row.labels() {
            labels if labels.is_empty() => format!("tenant {} has no labels", label.slug),
            labels => format!("tenant {}: {}", label.slug, labels.join(", ")),
        })?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

/// Those to be given, and those to be taken away.
fn changes(texts: &[String]) -> Result<(Vec<String>, Vec<String>)> {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for text in texts {
        let (list, name) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(name), _) => (&mut add, name),
            (_, Some(name)) => (&mut remove, name),
            _ => return Err(wrong(text)),
        };
        let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > LABEL_CHARS_MAX || !name.chars().all(is_fine) {
            return Err(wrong(text));
        }
        list.push(name.to_owned());
    }
    Ok((add, remove))
}

fn wrong(text: &str) -> Error {
    Error::new(ErrorCode::Usage, format!("{text:?} is no change of a label"))
        .help(format!("use +NAME or -NAME, with 1 to {LABEL_CHARS_MAX} characters a-z, A-Z, 0-9, -, _ and ."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_and_taken_away() {
        let texts = |t: &[&str]| t.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let (add, remove) = changes(&texts(&["+beta", "-old.one", "+x_1"])).unwrap();
        assert_eq!((add, remove), (texts(&["beta", "x_1"]), texts(&["old.one"])));
        for bad in ["beta", "+", "-", "+a b", "+\u{1b}", &format!("+{}", "x".repeat(41))] {
            assert_eq!(changes(&texts(&[bad])).unwrap_err().code(), ErrorCode::Usage, "{bad}");
        }
    }
}
