//! Prometheus' text format (exposition formats, version 0.0.4).

use std::fmt::Write as _;

/// Lines as they come.
#[derive(Default)]
pub(super) struct Text {
    lines: String,
    family: String,
}

impl Text {
    /// Begins a family: name, kind, help.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.family = name.to_owned();
        // Writing to a string does not fail.
        let _ = writeln!(self.lines, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A value of the family with these labels.
    pub(super) fn value(&mut self, labels: &[(&str, &str)], value: f64) {
        self.lines.push_str(&self.family);
        for (at, (name, label)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(self.lines, "{before}{name}=\"{}\"", escaped(label));
        }
        if !labels.is_empty() {
            self.lines.push('}');
        }
        let _ = writeln!(self.lines, " {value}");
    }
}

impl From<Text> for String {
    fn from(text: Text) -> String {
        text.lines
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_family() {
        let mut text = Text::default();
        text.family("a_total", "counter", "Help.");
        text.value(&[], 1.5);
        text.value(&[("x", "a\"b\\c\nd"), ("y", "z")], 2.0);
        assert_eq!(
            String::from(text),
            "# HELP a_total Help.\n# TYPE a_total counter\na_total 1.5\na_total{x=\"a\\\"b\\\\c\\nd\",y=\"z\"} 2\n"
        );
    }
}
