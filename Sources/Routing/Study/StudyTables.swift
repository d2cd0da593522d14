/// A source's table at one seed, with the predictions of the baselines.
struct StudyTables {
    let table: RouteTable
    /// Predictions of nearest neighbours, `(P, M)`; `nil` without an embedding.
    let neighbours: [Double]?
    /// By model: mean reward over its history.
    let known: [Double]
}
