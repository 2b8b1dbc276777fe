//! What applications bind a value to: a few templates of additional data that are tried where a value has the
//! shape of a layout and no key opens it as it is.

use super::catalogue::TableFacts;

/// Columns that name the owner of a row, as applications call them.
#[rustfmt::skip]
const OWNERS: &[&str] = &[
    "id", "uuid", "user_id", "owner_id", "account_id", "organization_id", "organisation_id", "org_id",
    "tenant_id", "team_id", "workspace_id", "project_id", "customer_id", "company_id",
];

/// What may stand before such a column.
const BEFORE: &[&str] =
    &["", "{table}:", "{table}.{column}:", "{table}:{column}:", "{table}/{column}/", "{column}:"];

/// What a value may be bound to without its row.
const CONSTANT: &[&str] = &["{table}.{column}", "{table}:{column}", "{column}", "{table}"];

/// The columns of a table that a value may be bound to: its key first.
pub fn columns(table: &TableFacts) -> Vec<String> {
    let known = table.key_column.as_deref().into_iter().chain(OWNERS.iter().copied());
    let mut columns: Vec<String> = Vec::new();
    for name in known {
        let is_readable = table.readable.iter().any(|readable| readable == name);
        if is_readable && !name.contains(['{', '}']) && !columns.iter().any(|other| other == name) {
            columns.push(name.to_owned());
        }
    }
    columns
}

/// The templates, likeliest first.
pub fn templates(table: &TableFacts) -> Vec<String> {
    let columns = columns(table);
    let of_row = columns.iter().flat_map(|name| {
        let column = match name.as_str() {
            "table" | "column" | "kid" => format!("{{col:{name}}}"),
            _ => format!("{{{name}}}"),
        };
        BEFORE.iter().map(move |before| format!("{before}{column}"))
    });
    of_row.chain(CONSTANT.iter().map(|template| (*template).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::identifier::RelationName;
    use crate::layout::AadTemplate;

    #[test]
    fn the_key_comes_first_and_what_may_not_be_read_never() {
        let table = TableFacts {
            relation: RelationName::new("public", "t").expect("a name"),
            is_visible: true,
            leaves: Vec::new(),
            blocks: 1,
            key_column: Some("column".to_owned()),
            readable: ["tenant_id", "column", "a"].map(str::to_owned).to_vec(),
            columns: Vec::new(),
        };
        assert_eq!(columns(&table), ["column", "tenant_id"]);
        let templates = templates(&table);
        assert_eq!(templates[0], "{col:column}");
        assert!(templates.contains(&"{table}.{column}:{tenant_id}".to_owned()));
        for template in templates {
            AadTemplate::parse(&template).expect("a template");
        }
    }
}
