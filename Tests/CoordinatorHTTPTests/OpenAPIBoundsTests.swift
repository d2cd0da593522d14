import Cluster
import CoordinatorHTTP
import Foundation
import Planning
import Scoring
import TestSupport
import Testing
import Wire
import Yams

@Suite("The bounds in proto/openapi.yaml are those of the code")
struct OpenAPIBoundsTests {
    /// A bound as the code has it, by the keywords of JSON Schema that state it.
    private enum Bound {
        case integer(ClosedRange<Int>)
        case integerFrom(Int)
        case number(ClosedRange<Double>)
        case numberBelow(Range<Double>)
        case length(ClosedRange<Int>)
        case elements(ClosedRange<Int>)
        case names([String])
        case pattern(String)
        case constant(String)

        var keywords: [String: String] {
            switch self {
            case .integer(let range): ["minimum": "\(range.lowerBound)", "maximum": "\(range.upperBound)"]
            case .integerFrom(let least): ["minimum": "\(least)"]
            case .number(let range):
                ["minimum": Self.text(range.lowerBound), "maximum": Self.text(range.upperBound)]
            case .numberBelow(let range):
                ["minimum": Self.text(range.lowerBound), "exclusiveMaximum": Self.text(range.upperBound)]
            case .length(let range): Self.counts(range, "minLength", "maxLength")
            case .elements(let range): Self.counts(range, "minItems", "maxItems")
            case .names(let names): ["enum": names.sorted().joined(separator: " ")]
            case .pattern(let pattern): ["pattern": pattern]
            case .constant(let text): ["const": text]
            }
        }

        private static func counts(_ range: ClosedRange<Int>, _ least: String, _ most: String) -> [String: String] {
            range.lowerBound == 0
                ? [most: "\(range.upperBound)"] : [least: "\(range.lowerBound)", most: "\(range.upperBound)"]
        }

        private static func text(_ number: Double) -> String { "\(Int(number))" }
    }

    /// By path of the member in the document.
    private static let bounds: [String: Bound] = {
        let count = Bound.integerFrom(0)
        let id = Bound.length(PlanLimits.idBytes)
        let policy = Bound.length(PlanLimits.policyIDBytes)
        let step = Bound.integer(PlanLimits.steps)
        let text = Bound.length(PlanLimits.textBytes)
        let rollouts = Bound.integer(PlanLimits.rollouts)
        let share = Bound.number(PlanLimits.shares)
        let reward = Bound.number(PlanLimits.rewards)
        let deadline = Bound.integer(PlanLimits.deadlineMilliseconds)
        let digest = Bound.pattern("^[0-9a-f]{\(Digest(of: "").hex.count)}$")
        var all: [String: Bound] = [:]
        func add(_ prefix: String, _ members: KeyValuePairs<String, Bound>) {
            for (member, bound) in members { all[prefix + member] = bound }
        }
        add(
            "/v1/plans/{policy_id}/{step}?",
            [
                "policy_id": policy, "step": step, "groups_after": .integer(PlanLimits.counts),
                "wait_ms": .integer(Timeouts.planWaitMilliseconds),
            ])
        add("/v1/policies/{policy_id}?", ["policy_id": policy])
        add(
            "/v1/policies/{policy_id}/outcomes?",
            [
                "policy_id": policy, "from": .integer(PlanLimits.seeds),
                "count": .integer(1...4096),
            ])
        add(
            "/v1/plans?",
            ["policy": policy, "from": step, "attempt": .integer(PlanLimits.attempts)])
        add("/v1/events?", ["count": .integer(CoordinatorHTTPServer.eventCounts)])
        add("/livez.get.200", [".status": .constant("live")])
        add("/readyz.get.200", [".status": .constant("ready"), ".workers": .integerFrom(1)])
        let job = Bound.pattern("^[0-9a-f]{\(JobID(high: 0, low: 0).description.count)}$")
        add("/v1/workers/{name}/drain.post.200", [".workers": .integerFrom(1), ".leases": count])
        add("/v1/jobs/{id}/cancel?", ["id": job])
        add("/v1/jobs/{id}/cancel.post.200", [".pieces": count])
        add(
            "Cluster",
            [
                ".workers": .elements(0...ClusterDetails.workersMax), ".workers_omitted": count,
                ".jobs": .elements(0...ClusterDetails.jobsMax), ".jobs_omitted": count,
                ".shared_workers": count,
                ".workers[].role": .names(["value", "rollout"]), ".workers[].silent_seconds": count,
                ".workers[].leases": count, ".workers[].rows": count, ".jobs[].id": job,
                ".jobs[].owner": .names(["client", "plans", "away"]), ".jobs[].pending": count,
                ".jobs[].leased": count, ".jobs[].unconfirmed": count, ".jobs[].rows": count,
                ".jobs[].confirmed_shards": count, ".jobs[].rows_answered": count,
                ".jobs[].rows_total": .integerFrom(1), ".plans": .elements(0...ClusterDetails.plansMax),
                ".plans[].policy_id": policy, ".plans[].step": step, ".plans[].prompts": count,
                ".plans[].predicted": count, ".plans[].budgets": count, ".plans[].groups_done": count,
            ])
        add("Error", [".error.code": .names(ErrorCode.allCases.map(\.rawValue))])
        add(
            "PlanRequest",
            [
                ".policy_id": policy, ".policy_version": step, ".step": step, ".total": .integer(PlanLimits.totals),
                ".in_flight_max": .integer(PlanLimits.stepsInFlight),
                ".total_tokens": .integer(1...PlanLimits.tokens.upperBound),
                ".items[].expected_tokens": .number(PlanLimits.answerTokens),
                ".items[].tokens_max": .integer(1...PlanLimits.tokens.upperBound),
                ".reserve": .integer(PlanLimits.totals), ".n_min": rollouts, ".n_max": rollouts,
                ".multiple_of": .integer(PlanLimits.multiples), ".group_sizes": .elements(PlanLimits.groupSizes),
                ".group_sizes[]": rollouts, ".objective": .names(BudgetObjective.allCases.map(\.rawValue)),
                ".explore": share, ".revisit_after": .integer(PlanLimits.counts), ".deadline_ms": deadline,
                ".fallback": .names(RequestPlan.Fallback.allCases.map(\.rawValue)),
                ".mode": .names(RequestPlan.Mode.allCases.map(\.rawValue)),
                ".delivery": .names(RequestPlan.Delivery.allCases.map(\.rawValue)), ".record_decay": share,
                ".group_survival": .numberBelow(PlanLimits.groupSurvival), ".look_ahead": share,
                ".look_ahead_most": rollouts, ".items": .elements(PlanLimits.candidates),
                ".items[].prompt_id": id, ".items[].prompt": text, ".items[].n_min": rollouts,
                ".items[].n_max": rollouts, ".outcomes": .elements(PlanLimits.outcomes),
                ".references": .elements(PlanLimits.references), ".references[]": policy,
            ])
        add("Covariates", [".*": .length(0...PlanLimits.idBytes.upperBound)])
        add(
            "NamedOutcomes",
            [
                ".*#0": share, ".*#1.k": count, ".*#1.reward": share,
                ".*#1.n": .integer(1...PlanLimits.counts.upperBound),
            ])
        add(
            "ContextChoice",
            [
                ".rows": .integer(PlanLimits.contextRows),
                ".selection": .names(ContextChoice.Selection.allCases.map(\.rawValue)),
                ".seed": .integer(PlanLimits.seeds),
            ])
        add("Attempt", ["": .integer(PlanLimits.attempts)])
        add("RewardLow", ["": reward])
        add("RewardHigh", ["": reward])
        add(
            "Outcome",
            [
                ".event_id": id, ".prompt_id": id, ".prompt": text, ".policy_version": step, ".step": step,
                ".rewards": .elements(PlanLimits.groupRollouts), ".rewards[]": reward, ".mean": reward,
                ".n": .integer(PlanLimits.counts), ".failed": .integer(PlanLimits.counts),
                ".tokens": .integer(PlanLimits.tokens),
            ])
        add("OutcomesRequest", [".policy_id": policy, ".outcomes": .elements(PlanLimits.outcomes)])
        add(
            "ScoreRequest",
            [
                ".policy_id": policy, ".policy_version": step, ".deadline_ms": deadline,
                ".context_set": .elements(1...PlanLimits.contextRows.upperBound), ".context_set[].prompt": text,
                ".context_set[].reward": share, ".context_set[].n": .integer(1...PlanLimits.counts.upperBound),
                ".items": .elements(1...Limits.shardRowsMax), ".items[].prompt_id": id, ".items[].prompt": text,
                ".references": .elements(PlanLimits.references), ".references[]": policy,
            ])
        // What is answered.
        add(
            "PlanSummary",
            [
                ".step": count, ".plan_id": .pattern("^[0-9a-f]{16}$"),
                ".status": .names(PlanEnd.Status.allCases.map(\.rawValue)), ".prompts": .integerFrom(1),
                ".total": count, ".surplus": count, ".reserve": count, ".context_rows": count, ".digest": digest,
                ".context_ahead_steps": count, ".attempt": .integerFrom(1), ".total_tokens": .integerFrom(1),
                ".advice.total": .integerFrom(1), ".advice.total_tokens": .integerFrom(1), ".explored_rollouts": count,
            ])
        add(
            "PlansDropped",
            [".from": count, ".attempt": count, ".plans": count, ".groups": count, ".outcomes": count])
        add(
            "Budget",
            [
                ".staleness_steps": count, ".n": rollouts, ".p": share,
                ".source": .names(BudgetSource.allCases.map(\.rawValue)),
            ])
        add("Evidence", [".context_rows": count, ".references": count])
        add(
            "PlanLine",
            [
                "#0#1.kind": .constant("budget"), "#0#1.index": count, "#1#1.kind": .constant("end"),
                "#2.kind": .constant("error"),
            ])
        add("PlanSnapshot", [".groups_after": count])
        add("Group", [".number": count, ".index": count, ".failed": count])
        add(
            "OutcomesRecorded",
            [
                ".accepted": count, ".duplicates": count, ".rejected[].index": count, ".decisions[].index": count,
                ".decisions[].draw": count,
            ])
        add(
            "Scores",
            [
                ".fingerprint": digest, ".context_rows": count, ".context": digest, ".items[].p": share,
                ".items[].p_lo": share, ".items[].p_hi": share,
            ])
        add(
            "Status", [".coordinator.generation": count, ".coordinator.uptime_seconds": count, ".coordinator.*": count])
        return all
    }()

    private static let keywords: Set = [
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems",
        "multipleOf", "uniqueItems", "pattern", "enum", "const",
    ]

    @Test("each bound of the document has its counterpart in the code, and each of the code's is in the document")
    func bounds() throws {
        let found = try Self.stated(Self.keywords)
        for (path, keywords) in found {
            #expect(Self.bounds[path]?.keywords == keywords, "\(path)")
        }
        #expect(Set(Self.bounds.keys).subtracting(found.keys).sorted() == [], "bounds that the document does not state")
    }

    @Test("each default of the document is the code's")
    func defaults() throws {
        let plan = RequestPlan(plan: PlanName(policyID: "a", step: 0), total: 1, candidates: [])
        let scores = RequestScores(request: 0, policy: Policy(id: "a"), texts: TextBlock([String]()))
        let outcome = GroupOutcome(eventID: "e", promptID: "p")
        let context = ContextChoice()
        let expected: [String: String] = [
            "PlanRequest.replace": "\(plan.replaces)", "PlanRequest.keep_outcomes": "\(plan.keepsOutcomes)",
            "PlanRequest.in_flight_max": "\(plan.inFlightMax)", "Attempt": "\(plan.attempt)",
            "/v1/plans?attempt": "0", "/v1/plans?keep_outcomes": "false",
            "PlanRequest.reserve": "\(plan.reserve)", "PlanRequest.n_min": "\(plan.minimum)",
            "PlanRequest.n_max": "\(plan.maximum)", "PlanRequest.multiple_of": "\(plan.multipleOf)",
            "PlanRequest.objective": plan.objective.rawValue, "PlanRequest.explore": Self.shortest(plan.explore),
            "PlanRequest.revisit_after": "\(plan.revisitAfter)",
            "PlanRequest.deadline_ms": Self.milliseconds(plan.deadline),
            "PlanRequest.fallback": plan.fallback.rawValue, "PlanRequest.mode": plan.mode.rawValue,
            "PlanRequest.delivery": plan.delivery.rawValue, "PlanRequest.record_decay": Self.shortest(plan.recordDecay),
            "PlanRequest.failure_floor": "\(plan.raisesFloors)",
            "PlanRequest.group_survival": Self.shortest(plan.groupSurvival),
            "PlanRequest.look_ahead": Self.shortest(plan.lookAhead),
            "PlanRequest.look_ahead_most": "\(plan.lookAheadMost)",
            "ContextChoice.rows": "\(context.rows)", "ContextChoice.selection": context.selection.rawValue,
            "ContextChoice.own_outcomes": "\(context.includesOwn)", "ContextChoice.seed": "\(context.seed)",
            "RewardLow": Self.shortest(plan.rewards.lowerBound), "RewardHigh": Self.shortest(plan.rewards.upperBound),
            "Outcome.failed": "\(outcome.failed)", "Outcome.tokens": "\(outcome.tokens)",
            "ScoreRequest.deadline_ms": Self.milliseconds(scores.deadline),
            // The reader's own: a row of a context is one outcome, a plan is answered at once and from its first group.
            "ScoreRequest.context_set[].n": "1", "/v1/plans/{policy_id}/{step}?groups_after": "0",
            "/v1/plans/{policy_id}/{step}?wait_ms": "0", "/v1/policies/{policy_id}/outcomes?from": "0",
            "/v1/policies/{policy_id}/outcomes?count": "1024",
        ]
        let stated = try Self.stated(["default"]).compactMapValues { $0["default"] }
        for (path, value) in stated { #expect(expected[path] == value, "\(path)") }
        #expect(Set(expected.keys).subtracting(stated.keys).sorted() == [], "defaults that the document does not state")
    }

    private static func shortest(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : "\(number)"
    }

    private static func milliseconds(_ duration: Duration) -> String { "\(duration.components.seconds * 1000)" }

    /// What the document states with some keywords, by path.
    private static func stated(_ keywords: Set<String>) throws -> [String: [String: String]] {
        var found: [String: [String: String]] = [:]
        let document = try OpenAPI().root
        let components = document["components"] as? [String: Any] ?? [:]
        for (name, schema) in components["schemas"] as? [String: Any] ?? [:] { collect(schema, name, keywords, &found) }
        for (path, operations) in document["paths"] as? [String: [String: Any]] ?? [:] {
            for (method, value) in operations {
                let operation = value as? [String: Any] ?? [:]
                for parameter in operation["parameters"] as? [[String: Any]] ?? [] {
                    collect(parameter["schema"], "\(path)?\(parameter["name"] ?? "")", keywords, &found)
                }
                collectContent(operation["requestBody"], "\(path).\(method)", keywords, &found)
                for (status, response) in operation["responses"] as? [String: Any] ?? [:] {
                    collectContent(response, "\(path).\(method).\(status)", keywords, &found)
                }
            }
        }
        return found
    }

    private static func collectContent(
        _ value: Any?, _ path: String, _ keywords: Set<String>, _ found: inout [String: [String: String]]
    ) {
        let content = (value as? [String: Any])?["content"] as? [String: Any] ?? [:]
        for type in content.values { collect((type as? [String: Any])?["schema"], path, keywords, &found) }
    }

    /// Bounds of a schema and what it holds: `.name` is a member, `[]` an element, `#1` the second of several choices,
    /// `.*` any other member.
    private static func collect(
        _ value: Any?, _ path: String, _ keywords: Set<String>, _ found: inout [String: [String: String]]
    ) {
        guard let schema = value as? [String: Any] else { return }
        let own = schema.filter { keywords.contains($0.key) }
        if !own.isEmpty { found[path] = own.mapValues { text($0) } }
        for (name, member) in schema["properties"] as? [String: Any] ?? [:] {
            collect(member, "\(path).\(name)", keywords, &found)
        }
        collect(schema["items"], path + "[]", keywords, &found)
        collect(schema["additionalProperties"], path + ".*", keywords, &found)
        for keyword in ["oneOf", "allOf", "anyOf"] {
            for (index, choice) in (schema[keyword] as? [Any] ?? []).enumerated() {
                collect(choice, "\(path)#\(index)", keywords, &found)
            }
        }
    }

    private static func text(_ value: Any) -> String {
        guard let names = value as? [Any] else { return "\(value)" }
        return names.filter { !($0 is NSNull) }.map { "\($0)" }.sorted().joined(separator: " ")
    }

    @Test("the Python client states the same bounds")
    func client() throws {
        let path = Repository.root.appending(path: "scripts/python/src/statezero/client.py")
        let text = try String(contentsOf: path, encoding: .utf8)
        for (name, value) in [
            ("ROLLOUTS_MAX", PlanLimits.rollouts.upperBound),
            ("DEADLINE_MS_MAX", PlanLimits.deadlineMilliseconds.upperBound),
        ] {
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("\(name) = ") }, "\(name)")
            let digits = line.dropFirst(name.count + 3).prefix { $0.isNumber || $0 == "_" }.replacing("_", with: "")
            #expect(Int(digits) == value, "\(line)")
        }
    }
}
