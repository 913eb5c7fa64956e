//! What a filter means, one row at a time.
//!
//! The metadata is parsed each time; asking many rows is what `fields/` is for.

use serde_json::Value;

use super::ast::{Filter, Node};
use super::operand::Operand;
use super::path::Path;
use super::scalar::Scalar;

impl Filter {
    /// Whether the row of this id and metadata (JSON text) passes. Text that is no JSON counts as none.
    pub fn matches(&self, id: &str, metadata: Option<&str>) -> bool {
        let metadata = metadata.and_then(|text| serde_json::from_str::<Value>(text).ok());
        holds(&self.root, id, metadata.as_ref())
    }
}

fn holds(node: &Node, id: &str, metadata: Option<&Value>) -> bool {
    match node {
        Node::And(nodes) => nodes.iter().all(|node| holds(node, id, metadata)),
        Node::Or(nodes) => nodes.iter().any(|node| holds(node, id, metadata)),
        Node::Not(node) => !holds(node, id, metadata),
        Node::Test(Path::Id, test) => test.holds(&Operand::One(Scalar::Text(id.into()))),
        Node::Test(path, test) => test.holds(&Operand::of(path.find(metadata))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_mean_what_the_language_says() {
        let row = r#"{"lang": "en", "year": 2020, "score": 0.5, "none": null, "yes": true, "at": {"x": {"y": 3}},
                      "tags": ["a", 1, null, ["b"], {"c": 1}], "empty": []}"#;
        for (filter, expected) in [
            ("{}", true),
            (r#"{"lang": "en"}"#, true),
            (r#"{"lang": "de"}"#, false),
            (r#"{"lang": {"$eq": "en"}, "year": 2020.0}"#, true),
            (r#"{"year": "2020"}"#, false),
            (r#"{"yes": 1}"#, false),
            (r#"{"yes": true}"#, true),
            // Null is a value; a missing field is none.
            (r#"{"none": null}"#, true),
            (r#"{"gone": null}"#, false),
            (r#"{"none": {"$exists": true}}"#, true),
            (r#"{"gone": {"$exists": false}}"#, true),
            // Comparisons fail where there is nothing of their kind, and their negations hold there.
            (r#"{"gone": {"$lt": 5}}"#, false),
            (r#"{"gone": {"$ne": 5}}"#, true),
            (r#"{"lang": {"$ne": 5}}"#, true),
            (r#"{"gone": {"$nin": [5]}}"#, true),
            (r#"{"lang": {"$gt": 5}}"#, false),
            (r#"{"$not": {"lang": {"$gt": 5}}}"#, true),
            (r#"{"year": {"$gte": 2020, "$lt": 2020.5}}"#, true),
            (r#"{"year": {"$gt": 2020}}"#, false),
            (r#"{"lang": {"$gt": "de", "$lte": "en"}}"#, true),
            (r#"{"score": {"$in": ["en", 0.5]}}"#, true),
            (r#"{"score": {"$in": []}}"#, false),
            (r#"{"score": {"$nin": []}}"#, true),
            (r#"{"at.x.y": 3}"#, true),
            (r#"{"at.x": 3}"#, false),
            (r#"{"at.x": {"$exists": true}}"#, true),
            (r#"{"lang.x": {"$exists": true}}"#, false),
            (r#"{"tags.0": "a"}"#, false),
            // Lists: not equal to any of their elements.
            (r#"{"tags": "a"}"#, false),
            (r#"{"tags": {"$contains": "a"}}"#, true),
            (r#"{"tags": {"$contains": 1.0}}"#, true),
            (r#"{"tags": {"$contains": "b"}}"#, false),
            (r#"{"lang": {"$contains": "n"}}"#, true),
            (r#"{"year": {"$contains": 2020}}"#, false),
            (r#"{"tags": {"$any": ["x", null]}}"#, true),
            (r#"{"lang": {"$any": ["en"]}}"#, false),
            (r#"{"tags": {"$all": ["a", 1]}}"#, true),
            (r#"{"tags": {"$all": ["a", 2]}}"#, false),
            (r#"{"empty": {"$all": []}}"#, true),
            (r#"{"empty": {"$any": []}}"#, false),
            (r#"{"gone": {"$all": []}}"#, false),
            (r#"{"lang": {"$prefix": "e"}}"#, true),
            (r#"{"lang": {"$prefix": ""}}"#, true),
            (r#"{"year": {"$prefix": ""}}"#, false),
            (r#"{"$id": "doc-7"}"#, true),
            (r#"{"$id": {"$prefix": "doc-"}}"#, true),
            (r#"{"$id": {"$in": ["doc-1"]}}"#, false),
            (r#"{"$or": [{"lang": "de"}, {"year": 2020}]}"#, true),
            (r#"{"$and": [{"lang": "de"}, {"year": 2020}]}"#, false),
            (r#"{"$and": [{}]}"#, true),
            (r#"{"$not": {}}"#, false),
        ] {
            let parsed = Filter::parse(filter).expect(filter);
            assert_eq!(parsed.matches("doc-7", Some(row)), expected, "{filter}");
        }
        let absent = Filter::parse(r#"{"lang": {"$ne": "en"}}"#).unwrap();
        assert!(absent.matches("a", None) && absent.matches("a", Some("3")));
    }
}
