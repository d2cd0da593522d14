import Corpora
import Foundation
import Routing
import TestSupport
import Testing

@Suite("Fleet files")
struct FleetFileTests {
    private let whole = """
        default: large
        fallbacks: [small]
        rule: {target: 0.8}
        evidence_rows: 16
        history_rows: 128
        deadline_seconds: 30
        reference: {input_tokens: 100, output_tokens: 300}
        models:
          - name: small
            price: {input: 0.15, output: 0.6}
            output_tokens: 200
            context_length: 8192
            history: {files: [a.jsonl, b.jsonl.gz], prompts: [p.jsonl], policy: small@3}
            endpoint: {url: "http://127.0.0.1:8080/v1/", model: s-1, key_env: SMALL_KEY, timeout_seconds: 2.5}
            limits: {concurrent: 4, requests_per_minute: 60}
            cooldown_seconds: 10
          - name: large
            price: {flat: 0.01}
        """

    @Test("every key is read")
    func everyKey() throws {
        let fleet = try FleetFile.parse(whole, path: "fleet.yaml")
        #expect(fleet.models.map(\.name) == ["small", "large"])
        #expect(fleet.defaultModel.name == "large")
        #expect(fleet.fallbacks == [0])
        #expect(fleet.rule == .target(0.8))
        #expect((fleet.evidenceRows, fleet.historyRows, fleet.deadline) == (16, 128, .seconds(30)))
        let small = fleet.models[0]
        #expect(small.price == .perMillionTokens(input: 0.15, output: 0.6))
        #expect((small.outputTokens, small.contextLength, small.cooldown) == (200, 8192, .seconds(10)))
        #expect(small.history.files == ["a.jsonl", "b.jsonl.gz"])
        #expect(small.history.promptFiles == ["p.jsonl"])
        #expect(small.policy == "small@3")
        #expect(
            small.endpoint
                == .init(
                    url: "http://127.0.0.1:8080/v1", model: "s-1", keyVariable: "SMALL_KEY",
                    timeout: .milliseconds(2500)))
        #expect((small.limits.concurrent, small.limits.requestsPerMinute) == (4, 60))
        #expect(fleet.models[1].policy == "large")
    }

    @Test("references are read, and without the key there are none")
    func references() throws {
        #expect(try FleetFile.parse(whole, path: "fleet.yaml").references.isEmpty)
        let text = whole + "\nreferences: {fleet: true, files: [o.jsonl.gz], prompts: [p.jsonl]}"
        let references = try FleetFile.parse(text, path: "fleet.yaml").references
        #expect(references.usesFleet && references.files == ["o.jsonl.gz"] && references.promptFiles == ["p.jsonl"])
        for wrong in ["{fleet: 3}", "{files: a.jsonl}", "{fleets: true}", "[a]"] {
            let error = #expect(throws: RoutingError.self) {
                try FleetFile.parse(whole + "\nreferences: \(wrong)", path: "fleet.yaml")
            }
            #expect("\(error.map { "\($0)" } ?? "")".contains("references"), "\(wrong)")
        }
    }

    @Test("more rows of evidence than a history has are refused, because no model could be chosen")
    func evidence() {
        for text in ["evidence_rows: 129", "evidence_rows: 9223372036854775807"] {
            #expect(throws: RoutingError.self) {
                try FleetFile.parse(
                    whole.replacingOccurrences(of: "evidence_rows: 16", with: text), path: "fleet.yaml")
            }
        }
    }

    @Test("time limits, failures, capabilities, sessions, clients and spend limits are read, and have defaults")
    func serving() throws {
        let fleet = try FleetFile.parse(
            """
            rule: {lcb: 0.7}
            sessions: {stay: false, idle_seconds: 60, cache_seconds: 30}
            dollars_per_day: 20
            clients:
              - {name: a, key_env: KEY_A, dollars_per_day: 0.5}
              - {name: b, key_env: KEY_B}
            models:
              - name: m
                price: {input: 1, output: 2, cached_input: 0.1}
                supports: [images, tools, json_schema]
                endpoint:
                  {url: "http://127.0.0.1/v1", model: m, idle_timeout_seconds: 5, total_timeout_seconds: 50,
                   keep_alive_seconds: 2}
                failures: {prompts: 5, share: 0.25, window_seconds: 10}
              - {name: n, price: {flat: 1}, endpoint: {url: "http://127.0.0.1/v1", model: n}}
            """, path: "fleet.yaml")
        #expect(fleet.rule == .lowerBound(0.7))
        #expect(!fleet.sessions.stays && fleet.sessions.idle == .seconds(60) && fleet.sessions.cache == .seconds(30))
        #expect(fleet.dollarsPerDay == 20)
        #expect(
            fleet.clients == [
                FleetClient(name: "a", keyVariable: "KEY_A", dollarsPerDay: 0.5),
                FleetClient(name: "b", keyVariable: "KEY_B"),
            ])
        let (model, plain) = (fleet.models[0], fleet.models[1])
        #expect(model.supports == [.images, .tools, .jsonSchema] && plain.supports == nil)
        #expect(model.lacks([.images, .audio]) == [.audio] && plain.lacks([.audio]).isEmpty)
        #expect(model.endpoint?.idleTimeout == .seconds(5) && model.endpoint?.totalTimeout == .seconds(50))
        #expect(model.endpoint?.keepAlive == .seconds(2) && plain.endpoint?.keepAlive == nil)
        #expect(plain.endpoint?.idleTimeout == .seconds(60) && plain.endpoint?.totalTimeout == .seconds(300))
        #expect(model.failureLimit.prompts == 5 && model.failureLimit.share == 0.25)
        #expect(model.failureLimit.window == .seconds(10) && plain.failureLimit == .init())
        // 1000 in, 900 of them cached at a tenth of the price.
        let cost = model.cost(inputTokens: 1000, outputTokens: 0, cachedTokens: 900)
        #expect(abs(cost - 0.00019) < 1e-15)
    }

    @Test(
        "a wrong value names its line and key",
        arguments: [
            ("supports: [pictures]", 4, "models[0].supports"), ("supports: images", 4, "models[0].supports"),
            ("failures: {share: 2}", 4, "models[0].failures.share"),
            ("failures: {prompt: 2}", 4, "models[0].failures.prompt"),
            ("price: {input: 1, output: 1, cached_input: 2}", 4, "models[0].price.cached_input"),
            ("price: {flat: 1, cached_input: 0}", 4, "models[0].price.cached_input"),
        ])
    func wrong(_ text: String, _ line: Int, _ key: String) throws {
        let isPrice = text.hasPrefix("price")
        let file = "models:\n  - name: a\n    \(isPrice ? "context_length: 5" : "price: {flat: 1}")\n    \(text)\n"
        do {
            _ = try FleetFile.parse(file, path: "f")
            Issue.record("it was accepted")
        } catch .badFleet(_, let foundLine, let foundKey, _) {
            #expect(foundLine == line && foundKey == key)
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("a client needs a name of its own and a key, and sessions a truth value")
    func wrongClients() {
        let models = "models: [{name: a, price: {flat: 1}}]\n"
        for text in [
            "clients: [{name: none, key_env: A}]", "clients: [{name: a}]",
            "clients: [{name: a, key_env: A}, {name: a, key_env: B}]",
            "sessions: {stay: 3}", "dollars_per_day: -1",
        ] {
            #expect(throws: RoutingError.self, "\(text)") { try FleetFile.parse(models + text, path: "f") }
        }
    }

    @Test("costs are by input and output tokens, or flat, and relative to the most expensive model")
    func costs() throws {
        let fleet = try FleetFile.parse(whole, path: "fleet.yaml")
        // 1000 in at 0.15 and 200 out at 0.6 dollars a million.
        #expect(abs(fleet.expectedCost(of: 0, inputTokens: 1000) - 0.00027) < 1e-15)
        // At most 50 out.
        #expect(abs(fleet.expectedCost(of: 0, inputTokens: 1000, outputTokensMax: 50) - 0.00018) < 1e-15)
        #expect(fleet.expectedCost(of: 1, inputTokens: 1_000_000) == 0.01)
        #expect(fleet.costUnit == 0.01)
        #expect(fleet.relativeCost(0.02) == 2)
    }

    @Test(
        "the example in deploy, the sample's fleet and the price list are valid fleets",
        arguments: [
            ("deploy/fleet.example.yaml", 2), ("scripts/sample/fleet.yaml", 2), ("scripts/routing/prices.yaml", 40),
        ])
    func shipped(file: String, models: Int) throws {
        let root = Repository.root
        let text = try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
        #expect(try FleetFile.parse(text, path: file).models.count == models)
    }

    @Test("a free fleet has relative costs of zero, and without a default the most expensive model is the default")
    func free() throws {
        let fleet = try FleetFile.parse(
            "models: [{name: a, price: {flat: 0}}, {name: b, price: {input: 0, output: 0}}]", path: "f")
        #expect(fleet.costUnit == 0)
        #expect(fleet.relativeCost(0) == 0)
        let paid = try FleetFile.parse("models: [{name: a, price: {flat: 1}}, {name: b, price: {flat: 2}}]", path: "f")
        #expect(paid.defaultModel.name == "b")
    }

    @Test(
        "errors name line and key",
        arguments: [
            ("models:\n  - name: a\n    prise: {flat: 1}", 3, "models[0].prise"),
            ("models:\n  - name: a\n    price: {flat: 1}\nruel: {target: 1}", 4, "ruel"),
            ("models:\n  - name: a\n    price: {flat: -1}", 3, "models[0].price.flat"),
            ("models:\n  - name: a\n    price: {input: 1}", 3, "models[0].price"),
            ("models:\n  - name: a\n    price: {flat: cheap}", 3, "models[0].price.flat"),
            ("models:\n  - name: a", 2, "models[0]"),
            ("models:\n  - price: {flat: 1}", 2, "models[0]"),
            ("models:\n  - {name: a, price: {flat: 1}}\nrule: {target: 1.5}", 3, "rule.target"),
            ("models:\n  - {name: a, price: {flat: 1}}\nrule: {target: 1, weighted: 1}", 3, "rule"),
            (
                "models:\n  - name: a\n    price: {flat: 1}\n    limits: {concurrent: 0}", 4,
                "models[0].limits.concurrent"
            ),
            (
                "models:\n  - name: a\n    price: {flat: 1}\n    endpoint: {url: here, model: a}", 4,
                "models[0].endpoint.url"
            ),
            ("models: a", 1, "models"), ("- a", 1, "the file"),
        ])
    func wrong(text: String, line: Int, key: String) {
        do {
            _ = try FleetFile.parse(text, path: "fleet.yaml")
            Issue.record("was accepted: \(text)")
        } catch .badFleet(let path, let foundLine, let foundKey, let problem) {
            #expect((path, foundLine, foundKey) == ("fleet.yaml", line, key), "\(problem)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("an empty fleet, two models of one name, an unknown default and invalid YAML are rejected")
    func rejections() {
        #expect(throws: RoutingError.emptyFleet) { try FleetFile.parse("", path: "f") }
        #expect(throws: RoutingError.emptyFleet) { try FleetFile.parse("models: []", path: "f") }
        let twins = "models: [{name: a, price: {flat: 1}}, {name: a, price: {flat: 2}}]"
        #expect(throws: RoutingError.duplicateModel("a")) { try FleetFile.parse(twins, path: "f") }
        #expect(throws: RoutingError.unknownModel("b", role: "default", known: ["a"])) {
            try FleetFile.parse("default: b\nmodels: [{name: a, price: {flat: 1}}]", path: "f")
        }
        do {
            _ = try FleetFile.parse("models: [", path: "f")
            Issue.record("was accepted")
        } catch .badYAML(let path, _) {
            #expect(path == "f")
        } catch {
            Issue.record("\(error)")
        }
    }
}
