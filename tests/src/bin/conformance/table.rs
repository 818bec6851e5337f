//! Endpoint by endpoint: what was asked, and what was wrong with it.

/// What is told of one endpoint.
#[derive(Default)]
pub(crate) struct Row {
    /// As many as were made.
    pub(crate) requests: usize,
    /// As many as were judged: one of each sort.
    pub(crate) sorts: usize,
    pub(crate) wrong_requests: usize,
    pub(crate) wrong_answers: usize,
}

pub(crate) fn heading() {
    println!("    {:72} {:>8} {:>6} {:>18}", "", "", "", "violations in");
    println!(
        "    {:72} {:>8} {:>6} {:>9} {:>8}",
        "endpoint", "requests", "judged", "requests", "answers"
    );
}

impl Row {
    pub(crate) fn say(&self, name: &str) {
        println!(
            "    {name:72} {:>8} {:>6} {:>9} {:>8}",
            self.requests, self.sorts, self.wrong_requests, self.wrong_answers
        );
    }
}
