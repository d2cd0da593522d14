import Cluster
import Foundation
import HTTPServing
import Hummingbird
import JSON

/// Answers operators: the parts of the cluster, workers that leave, jobs that end.
struct OperatorHandlers: Sendable {
    let coordinator: CoordinatorClient
    let timeouts: Timeouts

    /// `GET /v1/cluster`.
    func details(of scope: Scope) async throws -> Response {
        guard
            case .details(let details) = try await coordinator.answer(
                to: .details, in: scope, within: timeouts.answer)
        else {
            throw HTTPFailure.coordinatorSilent
        }
        let encoder = JSONEncoder.line
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return .json(Array(try encoder.encode(details)))
    }

    /// `POST /v1/workers/{name}/drain`.
    func drain(_ name: String, in scope: Scope) async throws -> Response {
        switch try await coordinator.answer(to: .drain(worker: name), in: scope, within: timeouts.answer) {
        case .draining(let workers, let leases):
            return .json { json in
                json.member("workers", workers)
                json.member("leases", leases)
            }
        case .unknown(let message): throw HTTPFailure(.notFound, .unknownWorker, message, param: "name")
        case .details, .overview, .cancelled: throw HTTPFailure.coordinatorSilent
        }
    }

    /// `POST /v1/jobs/{id}/cancel`.
    func cancel(_ id: String, in scope: Scope) async throws -> Response {
        switch try await coordinator.answer(to: .cancel(job: id), in: scope, within: timeouts.answer) {
        case .cancelled(let pieces): return .json { $0.member("pieces", pieces) }
        case .unknown(let message): throw HTTPFailure(.notFound, .unknownJob, message, param: "id")
        case .details, .overview, .draining: throw HTTPFailure.coordinatorSilent
        }
    }
}
