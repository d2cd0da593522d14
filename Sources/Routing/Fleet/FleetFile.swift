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
        if var section = try file.section("reference") {
            if let tokens = try section.integer("input_tokens", atLeast: 0) { fleet.reference.inputTokens = tokens }
            if let tokens = try section.integer("output_tokens", atLeast: 0) { fleet.reference.outputTokens = tokens }
            try section.end()
        }
        if let deadline = try file.seconds("deadline_seconds") { fleet.deadline = deadline }
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
        for name in ["weighted", "target", "cost_aware"] {
            guard let parameter = try section.number(name, in: 0...1) else { continue }
            if let rule = RouteRule(name: name, parameter: parameter) { rules.append(rule) }
        }
        try section.end()
        guard let rule = rules.first, rules.count == 1 else {
            throw .badFleet(
                path: file.path, line: section.line, key: "rule",
                problem: "expected one of weighted, target and cost_aware with its number in [0, 1]")
        }
        return rule
    }

    private static func model(_ original: FleetSection) throws(RoutingError) -> FleetModel {
        var section = original
        // Unknown keys are reported before missing ones: for a misspelt `price` the spelling is the error to fix.
        try section.expect([
            "name", "price", "output_tokens", "context_length", "history", "endpoint", "limits", "cooldown_seconds",
        ])
        guard let name = try section.string("name") else {
            throw .badFleet(path: section.path, line: section.line, key: section.name, problem: "the model has no name")
        }
        guard let price = try price(&section) else {
            throw .badFleet(
                path: section.path, line: section.line, key: section.name,
                problem: "no price for \"\(name)\"; give {input, output} in dollars per million tokens, or {flat}")
        }
        var model = FleetModel(name: name, price: price)
        model.outputTokens = try section.integer("output_tokens", atLeast: 0)
        model.contextLength = try section.integer("context_length", atLeast: 1)
        if var history = try section.section("history") {
            model.history.files = try history.strings("files")
            model.history.promptFiles = try history.strings("prompts")
            model.history.policy = try history.string("policy")
            try history.end()
        }
        model.endpoint = try endpoint(&section)
        if var limits = try section.section("limits") {
            model.limits.concurrent = try limits.integer("concurrent", atLeast: 1)
            model.limits.requestsPerMinute = try limits.integer("requests_per_minute", atLeast: 1)
            try limits.end()
        }
        if let cooldown = try section.seconds("cooldown_seconds") { model.cooldown = cooldown }
        return model
    }

    private static func price(_ model: inout FleetSection) throws(RoutingError) -> Price? {
        guard var section = try model.section("price") else { return nil }
        let any = 0...Double.greatestFiniteMagnitude
        let flat = try section.number("flat", in: any)
        let input = try section.number("input", in: any)
        let output = try section.number("output", in: any)
        try section.end()
        switch (flat, input, output) {
        case (let flat?, nil, nil): return .flat(flat)
        case (nil, let input?, let output?): return .perMillionTokens(input: input, output: output)
        default:
            throw .badFleet(
                path: section.path, line: section.line, key: section.name,
                problem: "give either input and output, in dollars per million tokens, or flat, in dollars per request")
        }
    }

    private static func endpoint(_ model: inout FleetSection) throws(RoutingError) -> FleetModel.Endpoint? {
        guard var section = try model.section("endpoint") else { return nil }
        guard var url = try section.string("url"), url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw .badFleet(
                path: section.path, line: section.line, key: "\(section.name).url",
                problem: "expected the server's base address, for example http://127.0.0.1:8080/v1")
        }
        while url.hasSuffix("/") { url.removeLast() }
        guard let name = try section.string("model") else {
            throw .badFleet(
                path: section.path, line: section.line, key: "\(section.name).model",
                problem: "the server's name of the model is missing")
        }
        var endpoint = FleetModel.Endpoint(url: url, model: name, keyVariable: try section.string("key_env"))
        if let timeout = try section.seconds("timeout_seconds") { endpoint.timeout = timeout }
        try section.end()
        return endpoint
    }
}
