import Planning
import Scoring
import Wire

/// The part of opening a plan that reads all texts of its request and its histories: contexts, limits, shards.
///
/// It needs no state but its basis, so a large plan is prepared on another thread. The result does not depend on where.
public struct PlanPreparation: Sendable {
    let basis: PlanBasis
    /// Digest of the request as it arrived.
    let identity: [UInt8]
    let warnings: [String]
    /// The latest attempt at an assignment before the plan.
    let attemptsBefore: UInt64

    var plan: PlanName { basis.request.plan }

    /// Prepares the plan. Cost: a hash of every text of the request, and a pass over the policy's history.
    func run() -> PreparedPlan {
        let known = basis.side
        let contexts = basis.contexts(known)
        do throws(PlanningError) {
            var request = basis.request
            let lengths = request.answerLengths(basis.history)
            let warnings = self.warnings + (try request.applyTokens(lengths))
            let exploration = try request.applyExploration(basis.history, after: basis.earlier.reversed())
            var prepared = opening(request, contexts, lengths: lengths, warnings)
            prepared.exploration = exploration
            let (opening, session) = try begin(prepared)
            let ready = PreparedPlan.Ready(
                opening: opening, session: session,
                predictions: basis.predictions(
                    of: contexts, known, version: session.version, missing: Set(session.missing)))
            return PreparedPlan(plan: plan, identity: identity, result: .ready(ready))
        } catch {
            return PreparedPlan(plan: plan, identity: identity, result: .refused("\(error)"))
        }
    }

    /// A plan's session. Failures must not cost a trainer its plan: where the limits adjusted to past failures
    /// contradict the prompts' own limits, the allowed sizes or the total, the limits of the request are used.
    private func begin(_ opening: PlanOpening) throws(PlanningError) -> (PlanOpening, PlanSession) {
        let request = opening.request
        do throws(PlanningError) {
            return (opening, try PlanSession(opening))
        } catch {
            guard (opening.minimum, opening.maximum) != (request.minimum, request.maximum) else { throw error }
            var plain = opening
            (plain.minimum, plain.maximum) = (request.minimum, request.maximum)
            plain.warnings.append(
                "limits of \(opening.minimum) to \(opening.maximum), adjusted to failed rollouts, were not used: \(error)"
            )
            return (plain, try PlanSession(plain))
        }
    }

    /// A plan's opening: the request with its limits, and what of the history it is based on now.
    private func opening(
        _ request: RequestPlan, _ contexts: [PlanBasis.DrawnContext], lengths: [Double], _ warnings: [String]
    ) -> PlanOpening {
        let history = basis.history
        var warnings = warnings
        var (minimum, maximum) = (request.minimum, request.maximum)
        if let rate = try? RolloutFailureRate(history?.failureRate ?? 0) {
            if request.raisesFloors {
                let raised = rate.inflated(minimum, cap: maximum)
                if raised * request.candidates.count <= request.total {
                    minimum = raised
                } else {
                    warnings.append(
                        "n_min would be \(raised) for a failure rate of \(rate.value), which the total does not allow")
                }
            }
            if request.groupSurvival > 0 {
                maximum = max(minimum, rate.largestGroup(survival: request.groupSurvival, cap: maximum))
            }
        }
        let newest = contexts.compactMap(\.staleness).min()
        let ahead = contexts.map(\.ahead).max() ?? 0
        if ahead > 0 {
            let version = request.policyVersion ?? request.plan.step
            warnings.append(
                "the context has outcomes of weights that are \(ahead) steps later than version \(version), which rolls "
                    + "out; if the trainer went back, send a larger attempt, so that they are dropped")
        }
        return PlanOpening(
            request: request, identity: identity, minimum: minimum, maximum: maximum, price: history?.price,
            contextRows: contexts.map(\.block.count).max() ?? 0, staleness: newest ?? -1, warnings: warnings,
            contextAhead: ahead, attemptsBefore: attemptsBefore, lengths: lengths)
    }
}

/// A plan that is ready to be opened, or the reason why it is not.
public struct PreparedPlan: Sendable {
    let plan: PlanName
    let identity: [UInt8]
    let result: Result

    enum Result: Sendable {
        case ready(Ready)
        case refused(String)
    }

    struct Ready: Sendable {
        let opening: PlanOpening
        let session: PlanSession
        let predictions: PreparedPredictions
    }
}

/// The jobs that predict a plan's prompts.
struct PreparedPredictions: Sendable {
    let jobs: [PredictionQueue.PredictionJob]
    /// What each prediction is based on, by index of the candidate; `nil` where side information is not used.
    let evidence: [Int: Evidence]?
    /// Steps between the newest outcome of a candidate's context and the weights, by index of the candidate.
    let ages: [Int: Int]
}

extension PlanBasis {
    /// The jobs for the candidates that have no belief yet.
    func predictions(
        of contexts: [DrawnContext], _ known: PlanSide?, version: Int, missing: Set<Int>
    ) -> PreparedPredictions {
        let name = request.plan
        var evidence: [Int: Evidence] = [:]
        var ages: [Int: Int] = [:]
        let jobs = contexts.map { context in
            let places = context.candidates.indices.filter { missing.contains(context.candidates[$0]) }
            let rows = places.map { context.candidates[$0] }
            if let age = context.staleness { for row in rows { ages[row] = age } }
            var side: (rows: [SideInformation], schema: SideSchema)?
            if let known {
                side = (places.map { context.side[$0] }, known.schema)
                for place in places {
                    let index = context.candidates[place]
                    evidence[index] = known.evidence(
                        context.side[place], contextRows: context.block.count,
                        hasOwn: request.recordDecay > 0 && history?.knows(request.candidates[index].text) == true)
                }
            }
            return PredictionQueue.PredictionJob(
                owner: .plan(name), policy: Policy(id: name.policyID, version: version), context: context.block,
                shards: PredictionQueue.shards(rows.map { ($0, request.candidates[$0].text) }, side: side))
        }
        return PreparedPredictions(jobs: jobs, evidence: evidence.isEmpty ? nil : evidence, ages: ages)
    }
}
