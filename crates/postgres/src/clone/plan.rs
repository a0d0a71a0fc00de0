//! From the parts of a schema to its statements in their order.

use std::collections::{BTreeSet, HashMap};

use tenantry_domain::Result;

use super::child;
use super::graph::{self, Node, Owners};
use super::table;
use crate::catalog::ObjectKind;
use crate::catalog::part::{Address, Column, Part};
use crate::catalog::source::Source;

/// The catalog of column defaults, `pg_attrdef`: the oids of the catalogs are fixed.
const DEFAULTS: u32 = 2604;

/// The statements of a schema, and the foreign keys from table to table.
pub(super) struct Plan {
    pub structure: Vec<String>,
    pub constraints: Vec<String>,
    pub references: Vec<(u32, u32)>,
}

/// Orders the statements that make the schema.
pub(super) fn plan(source: &Source) -> Result<Plan> {
    let mut builder = Builder::new(source);
    builder.add_parts();
    builder.add_checks();
    builder.add_defaults();
    builder.add_attachments();
    let Builder { mut nodes, owners, inline_checks, inline_defaults, .. } = builder;

    let tables = table::Tables { source, inline_checks: &inline_checks, inline_defaults: &inline_defaults };
    tables.fill(&mut nodes, &owners);
    graph::connect(&mut nodes, &owners, &source.edges);
    checks_behind_children(source, &owners, &inline_checks, &mut nodes);
    graph::pull(&mut nodes);
    let order = graph::order(&nodes)?;

    let references = references(source, &owners, &nodes);
    let constraints = constraints(source, &owners, &nodes, &order);
    let structure = order.iter().flat_map(|i| std::mem::take(&mut nodes[*i].statements)).collect();
    Ok(Plan { structure, constraints, references })
}

struct Builder<'s> {
    source: &'s Source,
    nodes: Vec<Node>,
    owners: Owners,
    /// What each object needs directly.
    uses: HashMap<Address, Vec<Address>>,
    inline_checks: BTreeSet<Address>,
    inline_defaults: BTreeSet<u32>,
}

impl<'s> Builder<'s> {
    fn new(source: &'s Source) -> Self {
        let mut uses: HashMap<Address, Vec<Address>> = HashMap::new();
        for edge in &source.edges {
            uses.entry(edge.from).or_default().push(edge.to);
        }
        let owners = Owners::learn(&source.edges);
        let (inline_checks, inline_defaults) = (BTreeSet::new(), BTreeSet::new());
        Self { source, nodes: Vec::new(), owners, uses, inline_checks, inline_defaults }
    }

    fn push(&mut self, kind: ObjectKind, name: &str, statements: Vec<String>, early: bool) -> usize {
        let needs = BTreeSet::new();
        self.nodes.push(Node { kind, name: name.to_owned(), statements, early, needs });
        self.nodes.len() - 1
    }

    fn add_parts(&mut self) {
        let source = self.source;
        for part in source.parts.iter().filter(|p| !is_check(p)) {
            let Some(head) = &part.head else { continue };
            let tail = part.tail.as_deref().unwrap_or_default();
            let early = part.kind <= ObjectKind::MaterializedView;
            let node = self.push(part.kind, &part.name, vec![format!("{head}{tail}")], early);
            self.owners.own(part.address, node);
        }
    }

    /// A check stands in the statement of its table or domain, unless it needs a function or another table.
    fn add_checks(&mut self) {
        let source = self.source;
        for part in source.parts.iter().filter(|p| is_check(p)) {
            let parent = part.parent.and_then(|oid| self.parent(part.address, oid));
            match parent {
                Some(parent) if part.inline.is_some() && self.is_simple(part.address, parent) => {
                    self.inline_checks.insert(part.address);
                    self.owners.inline(part.address, parent);
                }
                _ => {
                    let statements = part.head.iter().cloned().collect();
                    let node = self.push(part.kind, &part.name, statements, part.inline.is_some());
                    self.owners.own(part.address, node);
                }
            }
        }
    }

    /// A default stands in the statement of its table on the same terms; a generated column's always.
    fn add_defaults(&mut self) {
        let source = self.source;
        for column in &source.columns {
            let (Some(oid), Some(expression)) = (column.default, &column.expression) else { continue };
            let object = (DEFAULTS, oid);
            let simple = column.of_table && !column.inherited && self.is_simple(object, column.relation);
            if column.generated || simple {
                self.inline_defaults.insert(oid);
                self.owners.inline(object, column.relation);
                continue;
            }
            let (table, name) = (&column.table, &column.name);
            let statement = format!("ALTER TABLE ONLY {table} ALTER COLUMN {name} SET DEFAULT {expression}");
            let statement = if column.of_table { statement } else { statement.replacen(" ONLY", "", 1) };
            let node = self.push(ObjectKind::Column, &format!("{table}.{name}"), vec![statement], true);
            self.nodes[node].needs.extend(self.owners.find(column.relation));
            self.owners.own(object, node);
        }
    }

    /// Partitions and owned sequences are tied to their tables once both are there.
    fn add_attachments(&mut self) {
        let source = self.source;
        let ties = |p: &&Part| matches!(p.kind, ObjectKind::Table | ObjectKind::Sequence) && p.head.is_some();
        for part in source.parts.iter().filter(ties).filter(|p| !p.attach.is_empty()) {
            let mut needs: BTreeSet<usize> = self
                .uses
                .get(&part.address)
                .into_iter()
                .flatten()
                .filter_map(|to| self.owners.find(*to))
                .collect();
            needs.extend(self.owners.find(part.address));
            // A partition must have its table's checks before it can be attached.
            for check in source.parts.iter().filter(|p| p.kind == ObjectKind::Check) {
                let table = check.parent.map(|oid| (part.address.0, oid)).and_then(|t| self.owners.find(t));
                if table.is_some_and(|t| needs.contains(&t)) && check.inline.is_some() {
                    needs.extend(self.owners.find(check.address));
                }
            }
            let node = self.push(part.kind, &part.name, part.attach.clone(), true);
            self.nodes[node].needs = needs;
        }
    }

    /// The table or domain that a constraint belongs to.
    fn parent(&self, constraint: Address, oid: u32) -> Option<Address> {
        self.uses.get(&constraint)?.iter().copied().find(|to| to.1 == oid)
    }

    /// Whether an expression needs nothing of this schema but its own table, types and sequences.
    fn is_simple(&self, object: Address, parent: Address) -> bool {
        let own = self.owners.find(parent);
        self.uses
            .get(&object)
            .into_iter()
            .flatten()
            .filter_map(|to| self.owners.find(*to))
            .all(|node| Some(node) == own || self.nodes[node].kind <= ObjectKind::Sequence)
    }
}

fn is_check(part: &Part) -> bool {
    matches!(part.kind, ObjectKind::Check | ObjectKind::DomainCheck)
}

/// A check that is made apart from its table comes behind the children that are made from a stand-in, which lacks it: so
/// they inherit it as others do.
fn checks_behind_children(source: &Source, owners: &Owners, inline: &BTreeSet<Address>, nodes: &mut [Node]) {
    let apart = source.parts.iter().filter(|p| p.kind == ObjectKind::Check && !inline.contains(&p.address));
    for check in apart {
        let Some(node) = owners.find(check.address) else { continue };
        let of = |p: &&Part| p.kind == ObjectKind::Table && Some(p.address.1) == check.parent;
        let Some(table) = source.parts.iter().find(of) else { continue };
        let children = child::below(source, table).into_iter().filter_map(|c| owners.find(c.address));
        nodes[node].needs.extend(children.filter(|c| *c != node));
    }
}

/// Foreign keys from table to table.
fn references(source: &Source, owners: &Owners, nodes: &[Node]) -> Vec<(u32, u32)> {
    let tables: HashMap<usize, u32> = source
        .parts
        .iter()
        .filter(|p| p.kind == ObjectKind::Table)
        .filter_map(|p| Some((owners.find(p.address)?, p.address.1)))
        .collect();
    let mut all = Vec::new();
    for part in source.parts.iter().filter(|p| p.kind == ObjectKind::ForeignKey) {
        let (Some(from), Some(node)) = (part.parent, owners.find(part.address)) else { continue };
        let targets = nodes[node].needs.iter().filter_map(|need| tables.get(need));
        all.extend(targets.filter(|to| **to != from).map(|to| (from, *to)));
    }
    all
}

/// What comes after the rows, layer by layer.
fn constraints(source: &Source, owners: &Owners, nodes: &[Node], order: &[usize]) -> Vec<String> {
    let mut all = Vec::new();
    let mut late: Vec<&Node> = nodes.iter().filter(|n| !n.early).collect();
    late.sort_by_key(|n| (n.kind, n.name.as_str()));
    let (before, after): (Vec<&Node>, Vec<&Node>) =
        late.into_iter().partition(|n| n.kind < ObjectKind::ForeignKey);
    all.extend(before.iter().flat_map(|n| n.statements.iter().cloned()));

    // A foreign key needs a valid index, and a partitioned one is valid once all its parts are attached.
    let indexes = |p: &&Part| !matches!(p.kind, ObjectKind::Table | ObjectKind::Sequence);
    all.extend(source.parts.iter().filter(indexes).flat_map(|p| p.attach.iter().cloned()));
    all.extend(
        source
            .columns
            .iter()
            .filter(|c| !c.not_null.valid && c.not_null.local)
            .map(|c| c.not_null.statement(&c.table, &c.name)),
    );
    all.extend(after.iter().flat_map(|n| n.statements.iter().cloned()));

    // Materialized views are filled in the order in which they need each other.
    let place: HashMap<usize, usize> = order.iter().enumerate().map(|(place, node)| (*node, place)).collect();
    let mut parts: Vec<&Part> = source.parts.iter().filter(|p| !p.later.is_empty()).collect();
    parts.sort_by_key(|p| {
        let view = p.kind == ObjectKind::MaterializedView;
        (view, owners.find(p.address).filter(|_| view).and_then(|n| place.get(&n)))
    });
    all.extend(parts.iter().flat_map(|p| p.later.iter().cloned()));
    all.extend(source.parts.iter().filter_map(comment));
    all.extend(source.columns.iter().filter_map(column_comment));
    all
}

fn comment(part: &Part) -> Option<String> {
    part.comment.as_ref().map(|text| format!("COMMENT ON {} IS {text}", part.words))
}

fn column_comment(column: &Column) -> Option<String> {
    column
        .comment
        .as_ref()
        .map(|text| format!("COMMENT ON COLUMN {}.{} IS {text}", column.table, column.name))
}
