//! Stand-in.
#[derive(Clone, Debug)]
pub struct Layout(String);
#[derive(Debug)]
pub struct LayoutError(String);
impl std::fmt::Display for LayoutError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl Layout {
    pub fn named(text: &str) -> Result<Layout, LayoutError> {
        if text == "go" || text.contains('{') {
            Ok(Layout(text.into()))
        } else {
            Err(LayoutError("unknown preset".into()))
        }
    }
    pub fn template(&self) -> &str {
        &self.0
    }
}
#[derive(Clone, Debug)]
pub struct AadTemplate(String);
impl AadTemplate {
    pub fn parse(text: &str) -> Result<AadTemplate, LayoutError> {
        Ok(AadTemplate(text.into()))
    }
}
#[derive(Clone, Debug)]
pub struct ColumnLayout {
    pub write: Layout,
    pub read: Vec<Layout>,
    pub aad: Option<AadTemplate>,
}
