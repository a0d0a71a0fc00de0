//! Patterns of slugs: `*` stands for any characters, `?` for one.

/// Whether the whole text matches.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how much of the text it covers: widened whenever what follows does not fit.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, covered)) => {
                    star = Some((at, covered + 1));
                    p = at + 1;
                    t = covered + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        for text in yes {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for text in no {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn stars_and_question_marks() {
        check("acme", &["acme"], &["acme-2", "acm", ""]);
        check("*", &["", "acme"], &[]);
        check("a*e", &["ae", "acme", "aee"], &["a", "acmed"]);
        check("*-eu", &["shop-eu", "-eu"], &["shop-us"]);
        check("t?", &["t1"], &["t", "t12"]);
        check("a*b*c", &["abc", "axbxbxc"], &["acb"]);
    }
}
