/// What came of computing shards again, since the coordinator started.
struct VerificationCounts {
    /// Pieces that two workers answered alike.
    var verified = 0
    /// Pieces that were drawn, but answered without a second worker, because none was there.
    var unverified = 0
    /// Pieces on which two workers differed.
    var disagreements = 0
    /// Pieces on which no two workers agreed, and no other was there: their job stopped.
    var undecided = 0

    func fill(_ report: inout CoordinatorReport) {
        report.piecesVerified = verified
        report.piecesUnverified = unverified
        report.disagreements = disagreements
        report.disagreementsUndecided = undecided
    }
}
