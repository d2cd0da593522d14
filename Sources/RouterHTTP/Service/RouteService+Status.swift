import Foundation
import Routing
import Scoring
import Synchronization

// `GET /v1/status`: what the router knows of its models and clients now.

extension RouteService {
    /// The answer; the property names are those of the JSON.
    struct Status: Encodable {
        struct Model: Encodable {
            let model: String
            let history_rows: Int
            let requests_in_flight: Int
            /// Why it cannot be used now; `nil` when it can.
            let excluded: RouteCandidate.Exclusion?
            let wait_seconds: Double
            let calibration: CalibrationWatch.Report
        }

        struct Client: Encodable {
            let client: String
            let spent_dollars: Double
            let dollars_per_day: Double?
        }

        let version: String
        let value_model: String
        let rule: String
        let parameter: Double
        let models: [Model]
        let clients: [Client]
        /// Of all clients; `nil` for a client's key.
        let spent_dollars: Double?
        let dollars_per_day: Double?
        let sessions: Int
        /// Whether any model has drifted.
        let drift: Bool
    }

    /// The present state. A client sees its own spending alone.
    func status(version: String, _ scope: ClientKeys.Scope) -> Status {
        let now = clock.now
        let states = endpoints.withLock { $0 }
        let rows = thread.historyRows
        let models = fleet.models.indices.map { index in
            Status.Model(
                model: fleet.models[index].name, history_rows: index < rows.count ? rows[index] : 0,
                requests_in_flight: states.inFlight[index], excluded: states.exclusion(index, now: now),
                wait_seconds: states.wait(index, now: now) / .seconds(1),
                calibration: watch.withLock { $0.report(of: index) })
        }
        let spent = spending.spent
        let clients = fleet.clients.filter { scope.sees($0.name) }.map {
            Status.Client(
                client: $0.name, spent_dollars: spent[$0.name] ?? 0, dollars_per_day: $0.dollarsPerDay)
        }
        return Status(
            version: version, value_model: thread.fingerprint.digest.short, rule: fleet.rule.name,
            parameter: fleet.rule.parameter, models: models, clients: clients,
            spent_dollars: scope == .everyone ? spent.values.reduce(0, +) : nil,
            dollars_per_day: scope == .everyone ? fleet.dollarsPerDay : nil,
            sessions: sessions.withLock { $0.count }, drift: models.contains { $0.calibration.hasDrifted })
    }
}
