import Yams

/// Reads a fleet from a YAML file. An unknown key is an error with its line, so that a misspelt key is not ignored
/// silently. `deploy/fleet.example.yaml` shows all keys.
public enum FleetFile {
    /// Reads a fleet. `path` appears in messages; history files are relative to it.
    ///
    /// Throws `badYAML`, `badFleet` naming line and key, `emptyFleet`, `duplicateModel` and `unknownModel`.
    public static func parse(_ text: String, path: String) throws(RoutingError) -> Fleet {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw .badYAML(path: path, reason: "\(error)")
        }
        guard let node else { throw .emptyFleet }
        var file = try FleetSection(node, name: "", path: path)
        var models: [FleetModel] = []
        for section in try file.sections("models") { models.append(try model(section)) }
        var fleet = try Fleet(
            models: models, defaultModel: file.string("default"), fallbacks: file.strings("fallbacks"),
            rule: try rule(&file) ?? .weighted(Self.defaultBeta))
        if let rows = try file.integer("evidence_rows", atLeast: 0) { fleet.evidenceRows = rows }
        if let rows = try file.integer("history_rows", atLeast: 1) {
            guard rows <= Self.historyRowsMax else {
                throw file.bad("history_rows", file.line, "at most \(Self.historyRowsMax), found \(rows)")
            }
            fleet.historyRows = rows
        }
        guard fleet.evidenceRows <= fleet.historyRows else {
            throw file.bad(
                "evidence_rows", file.line,
                "at most history_rows (\(fleet.historyRows)), found \(fleet.evidenceRows); no model could be chosen")
        }
        if var section = try file.section("reference") {
            if let tokens = try section.integer("input_tokens", atLeast: 0) { fleet.reference.inputTokens = tokens }
            if let tokens = try section.integer("output_tokens", atLeast: 0) { fleet.reference.outputTokens = tokens }
            try section.end()
        }
        if let deadline = try file.seconds("deadline_seconds") { fleet.deadline = deadline }
        try readClients(&file, into: &fleet)
        if var section = try file.section("references") {
            if let flag = try section.bool("fleet") { fleet.references.usesFleet = flag }
            fleet.references.files = try section.strings("files")
            fleet.references.promptFiles = try section.strings("prompts")
            try section.end()
        }
        if var section = try file.section("sessions") {
            if let stays = try section.bool("stay") { fleet.sessions.stays = stays }
            if let idle = try section.seconds("idle_seconds") { fleet.sessions.idle = idle }
            if let cache = try section.seconds("cache_seconds") { fleet.sessions.cache = cache }
            try section.end()
        }
        try file.end()
        return fleet
    }

    /// β of fleets without a rule: between cheap and good.
    private static let defaultBeta = 0.7
    /// As in `statezero score`: preparing larger contexts takes too long while requests wait.
    private static let historyRowsMax = 2048

    private static func rule(_ file: inout FleetSection) throws(RoutingError) -> RouteRule? {
        guard var section = try file.section("rule") else { return nil }
        var rules: [RouteRule] = []
        for name in RouteRule.names {
            guard let parameter = try section.number(name, in: 0...1) else { continue }
            if let rule = RouteRule(name: name, parameter: parameter) { rules.append(rule) }
        }
        try section.end()
        guard let rule = rules.first, rules.count == 1 else {
            throw .badFleet(
                path: file.path, line: section.line, key: "rule",
                problem: "expected one of \(RouteRule.names.joined(separator: ", ")) with its number in [0, 1]")
        }
        return rule
    }

    private static func readClients(_ file: inout FleetSection, into fleet: inout Fleet) throws(RoutingError) {
        for var section in try file.sections("clients") {
            guard let name = try section.string("name"), let variable = try section.string("key_env") else {
                throw .badFleet(
                    path: section.path, line: section.line, key: section.name,
                    problem: "a client needs name, and key_env: the environment variable with its key")
            }
            let dollars = try section.number("dollars_per_day", in: 0...dollarsMax)
            try section.end()
            guard name != FleetClient.none else {
                throw .badFleet(
                    path: section.path, line: section.line, key: "\(section.name).name",
                    problem: "\"\(name)\" means requests without a client in metrics; choose another name")
            }
            guard !fleet.clients.contains(where: { $0.name == name }) else {
                throw .badFleet(
                    path: section.path, line: section.line, key: "\(section.name).name",
                    problem: "two clients are named \"\(name)\"; give each its own name")
            }
            fleet.clients.append(FleetClient(name: name, keyVariable: variable, dollarsPerDay: dollars))
        }
        fleet.dollarsPerDay = try file.number("dollars_per_day", in: 0...dollarsMax)
    }

    /// Largest spend limit: exact in nano-dollars.
    private static let dollarsMax = 1e9
}
