/// What the page of `route serve` shows: the status, and what has happened since the start. Property names are those of the
/// JSON, described in `proto/openapi.router.yaml`.
struct RouteOverview: Encodable {
    /// Decisions per second.
    struct Rates: Encodable {
        let decisions: Double
        let step_seconds: Int
        let history: [Double]
    }

    /// A model since the start; in the order of `status.models`.
    struct Activity: Encodable {
        let decisions: Int
        let named: Int
        let answers: Int
        let failures: Int
        let dollars: Double
        let predicted: Int
        let sum_p: Double
        let sum_cost: Double
        let last_failure: String?
        let last_failure_seconds: Double?

        init(_ model: RouteActivity.Model, seconds: Double) {
            decisions = model.decisions
            named = model.named
            answers = model.answers
            failures = model.failures
            dollars = model.dollars
            predicted = model.predicted
            sum_p = model.sumP
            sum_cost = model.sumCost
            last_failure = model.lastFailure
            last_failure_seconds = model.lastFailureTime.map { max(0, seconds - $0) }
        }
    }

    /// What was chosen, over decisions with a prediction for the chosen model.
    struct Chosen: Encodable {
        let decisions: Int
        let predicted: Int
        let sum_p: Double
        let sum_cost: Double
        let undecided: Int
        let reasons: [String: Int]
    }

    let status: RouteService.Status
    let uptime_seconds: Double
    let is_observing: Bool
    let default_model: String
    let rates: Rates
    let activity: [Activity]
    let chosen: Chosen
    let in_flight: Int
    let connections: Int
    let outcomes: Int
    let outcomes_rejected: Int
    let log_lines_lost: Int
}
