import ArgumentParser
import CommandSupport
import Foundation
import RouterHTTP
import Routing
import Threads

// `statezero route serve`: runs the router.
extension Route {
    /// `statezero route serve`.
    struct Serve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Serves an OpenAI-compatible address that sends each request to the cheapest model that will do.",
            discussion: """
                POST /v1/chat/completions forwards, POST /v1/route only decides, POST /v1/outcomes takes what came of it, \
                GET /v1/models, /livez, /readyz and /metrics tell. As model, ask for `statezero` (the fleet file's rule), \
                `statezero-p0.80` (the cheapest with p at least 0.80), `statezero-b0.70` (β = 0.70), or a model of the \
                fleet by its name. Every decision is a line of STATE/decisions.jsonl, without the prompt's text; outcomes \
                are in STATE/outcomes.sqlite, with it. SIGTERM lets requests under way finish.
                """)

        @OptionGroup var fleet: FleetChoice

        @Option(help: "Address to listen at.")
        var host = "127.0.0.1"

        @Option(help: "Port to listen at; 0 takes a free one.")
        var port = 6060

        @Option(help: "Folder of outcomes and decision log; made if it is not there.")
        var state = "route-state"

        @Flag(help: "Decide and log, but send everything to the default model.")
        var observe = false

        @Option(help: "Environment variable with the key that clients must send.")
        var keyEnv: String?

        @Flag(help: "Listen at an address that other machines reach, although traffic is in plain text.")
        var allowPlaintext = false

        @Option(help: "Requests served at a time; more get 429.")
        var requestsMax = 512

        @Option(name: .customLong("body-kib"), help: "Largest request, in KiB; more get 413.")
        var bodyKiB = 4096

        @OptionGroup var model: ModelOptions

        @Option(help: "Threads of the encoder.")
        var threads = ProcessInfo.processInfo.activeProcessorCount

        @OptionGroup var keys: KeyOptions
        @OptionGroup var log: LogOptions

        func validate() throws {
            if !(0...65_535 ~= port) { throw ValidationError("--port \(port): 0 to 65535") }
            if requestsMax < 1 { throw ValidationError("--requests-max \(requestsMax): at least 1") }
            if bodyKiB < 1 { throw ValidationError("--body-kib \(bodyKiB): at least 1") }
        }

        func run() throws {
            do {
                try serve()
            } catch let failure as CommandFailure {
                throw failure
            } catch {
                throw CommandFailure(error)
            }
        }

        private func serve() throws {
            let loaded = try fleet.load()
            let histories = try FleetHistories.load(loaded, folder: fleet.folder, keys: keys.keys) {
                printError("warning: \($0)")
            }
            var configuration = RouteServer.Configuration(fleet: loaded, histories: histories, stateFolder: state)
            configuration.host = host
            configuration.port = port
            configuration.isObserving = observe
            configuration.allowsPlaintext = allowPlaintext
            configuration.environment = ProcessInfo.processInfo.environment
            configuration.requestsMax = requestsMax
            configuration.bodyBytesMax = bodyKiB << 10
            configuration.version = Version.text
            if let keyEnv {
                guard let key = configuration.environment[keyEnv], !key.isEmpty else {
                    throw CommandFailure("the environment has no \(keyEnv), which --key-env names; set it")
                }
                configuration.key = key
            }
            let (model, threads) = (model, threads)
            let server = try RouteServer(configuration, logger: log.logger("statezero.route")) {
                try model.make(threads: threads)
            }
            let host = host
            try TaskWait.run { () async throws(RouterHTTPError) in
                try await server.run { printError("statezero: listening at http://\(host):\($0)/v1") }
            }
        }
    }
}
