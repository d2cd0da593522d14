import Corpora

// The models of a fleet file: one section each.

extension FleetFile {
    /// Reads a model. Throws `badFleet` naming line and key.
    static func model(_ original: FleetSection) throws(RoutingError) -> FleetModel {
        var section = original
        // Unknown keys are reported before missing ones: for a misspelt `price` the spelling is the error to fix.
        try section.expect([
            "name", "price", "output_tokens", "context_length", "supports", "history", "endpoint", "limits", "failures",
            "cooldown_seconds",
        ])
        guard let name = try section.string("name") else {
            throw .badFleet(path: section.path, line: section.line, key: section.name, problem: "the model has no name")
        }
        guard let (price, cached) = try price(&section) else {
            throw .badFleet(
                path: section.path, line: section.line, key: section.name,
                problem: "no price for \"\(name)\"; give {input, output} in dollars per million tokens, or {flat}")
        }
        var model = FleetModel(name: name, price: price)
        model.cachedInputPrice = cached
        model.outputTokens = try section.integer("output_tokens", atLeast: 0)
        model.contextLength = try section.integer("context_length", atLeast: 1)
        model.supports = try section.words("supports", of: ChatNeed.self).map { Set($0) }
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
        if var failures = try section.section("failures") {
            if let prompts = try failures.integer("prompts", atLeast: 1) { model.failureLimit.prompts = prompts }
            if let share = try failures.number("share", in: 0...1) { model.failureLimit.share = share }
            if let window = try failures.seconds("window_seconds") { model.failureLimit.window = window }
            try failures.end()
        }
        if let cooldown = try section.seconds("cooldown_seconds") { model.cooldown = cooldown }
        return model
    }

    private static func price(
        _ model: inout FleetSection
    ) throws(RoutingError) -> (price: Price, cachedInput: Double?)? {
        guard var section = try model.section("price") else { return nil }
        let any = 0...Double.greatestFiniteMagnitude
        let flat = try section.number("flat", in: any)
        let input = try section.number("input", in: any)
        let output = try section.number("output", in: any)
        var cached: Double?
        // Without a price of input it is an unknown key.
        if let input { cached = try section.number("cached_input", in: 0...input) }
        try section.end()
        switch (flat, input, output) {
        case (let flat?, nil, nil): return (.flat(flat), nil)
        case (nil, let input?, let output?): return (.perMillionTokens(input: input, output: output), cached)
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
        if let timeout = try section.seconds("idle_timeout_seconds") { endpoint.idleTimeout = timeout }
        if let timeout = try section.seconds("total_timeout_seconds") { endpoint.totalTimeout = timeout }
        endpoint.keepAlive = try section.seconds("keep_alive_seconds")
        try section.end()
        return endpoint
    }
}
