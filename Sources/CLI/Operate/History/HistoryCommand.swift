import ArgumentParser
import CommandSupport
import JSON
import NIOHTTP1
import Reporting

/// `statezero history`.
struct History: ParsableCommand {
    static let configuration = CommandConfiguration(
        "history", "Shows, copies and forgets what a running coordinator keeps of policies.",
        example: "statezero history list --http 127.0.0.1:8080",
        details: """
            A history is the outcomes of a policy and the texts of its prompts. Beyond the bounds of the coordinator, the \
            policy that is idle the longest is forgotten first; `list` shows which.
            """,
        subcommands: [
            HistoryList.self, HistoryShow.self, HistoryExport.self, HistoryImport.self, HistoryForget.self,
        ])
}

/// `statezero history list`.
struct HistoryList: ParsableCommand {
    static let configuration = CommandConfiguration(
        "list", "Lists the policies that a coordinator keeps something of.",
        example: "statezero history list --http 127.0.0.1:8080")

    @OptionGroup(title: "Coordinator") var coordinator: OperatorOptions

    @Flag(help: "Print the answer of GET /v1/policies.")
    var json = false

    func run() throws {
        let answer = try coordinator.ask("/v1/policies")
        if json { return print(answer.text) }
        let policies = answer.member(at: ["policies"])?.elements ?? []
        let rows = policies.map { policy in
            [
                policy.text("policy_id"), policy.text("outcomes"), policy.text("prompts"), policy.text("bytes"),
                policy.text("latest_version"), "\(policy.member(at: ["plans"])?.elements?.count ?? 0)",
                policy.text("idle_rank"),
            ]
        }
        print(
            TextTable(
                header: ["policy", "outcomes", "prompts", "bytes", "version", "plans", "idle rank"], rows: rows))
    }
}

/// `statezero history show`.
struct HistoryShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        "show", "Shows what a coordinator keeps of one policy.",
        example: "statezero history show llm-a --http 127.0.0.1:8080")

    @OptionGroup var kept: PolicyOptions

    func run() throws {
        let policies = try kept.coordinator.ask("/v1/policies").member(at: ["policies"])?.elements ?? []
        guard let found = policies.first(where: { $0.member(at: ["policy_id"])?.string == kept.policy }) else {
            throw CommandFailure(
                "\(kept.coordinator.http) has nothing of policy \(kept.policy); see: statezero history list")
        }
        for name in [
            "policy_id", "outcomes", "prompts", "bytes", "latest_version", "failure_rate", "idle_rank", "plans",
        ] {
            print("\(name): \(found.text(name))")
        }
    }
}

/// `statezero history forget`.
struct HistoryForget: ParsableCommand {
    static let configuration = CommandConfiguration(
        "forget", "Forgets all of a policy: its plans, outcomes and texts.",
        example: "statezero history forget llm-a --http 127.0.0.1:8080",
        details: "This cannot be undone; `statezero history export` writes the outcomes to a file before.")

    @OptionGroup var kept: PolicyOptions

    func run() throws {
        let answer = try kept.coordinator.ask(kept.path, method: .DELETE, body: nil)
        let forgotten = answer.member(at: ["forgotten"]) ?? .null
        print("forgotten: \(forgotten.text("outcomes")) outcomes, texts of \(forgotten.text("prompts")) prompts")
    }
}

extension JSONValue {
    /// A member as text; an en dash where it is absent or null.
    func text(_ name: String) -> String {
        switch member(at: [name]) {
        case .string(let text)?: text
        case .number(let digits)?: digits
        case .array(let elements)?: elements.isEmpty ? TextTable.missing : elements.map(\.text).joined(separator: " ")
        case .bool(let value)?: "\(value)"
        case .object?, .null?, nil: TextTable.missing
        }
    }
}
