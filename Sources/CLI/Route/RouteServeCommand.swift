import ArgumentParser
import CommandSupport
import Foundation
import HTTPServing
import Keys
import Logging
import RouterHTTP
import Routing
import Threads
import TraceExport

// `statezero route serve`: runs the router.
extension Route {
    /// `statezero route serve`.
    struct Serve: ParsableCommand {
        static let configuration = CommandConfiguration(
            "serve", "Serves an OpenAI-compatible address that forwards each request to the cheapest suitable model.",
            example: "statezero route serve --fleet scripts/sample/fleet.yaml --port 6060 --state out/route-state",
            details: """
                POST /v1/chat/completions forwards, POST /v1/route only decides, POST /v1/outcomes receives outcomes; \
                GET /v1/models, /v1/status, /livez, /readyz and /metrics report. Models of a request: `statezero` (the \
                fleet's rule), `statezero-p0.80` (the cheapest with p of at least 0.80), `statezero-b0.70` (β = 0.70), \
                `statezero-lcb0.70` (the same with the lower bound of p), or a model of the fleet by name. Requests with \
                one x-session-id stay with one model. Decisions are logged in STATE/decisions.jsonl without the prompt's text; \
                outcomes are stored in STATE/outcomes.sqlite with it, and what clients spend in STATE/spend.sqlite. SIGTERM \
                lets open requests finish within --stop-seconds.
                """)

        @OptionGroup(title: "Routing") var fleet: FleetOptions
        @OptionGroup(title: "Routing") var routing: RouteServeState
        @OptionGroup(title: "HTTP") var http: RouteServeHTTP
        @OptionGroup(title: "Model") var model: ModelOptions
        @OptionGroup(title: "Row keys") var keys: KeyOptions
        @OptionGroup var threads: EncoderThreads
        @OptionGroup var log: LogOptions
        @OptionGroup var trace: TraceOptions

        func run() throws {
            let loaded = try fleet.load()
            let histories = try FleetHistories.load(loaded, folder: fleet.folder, keys: keys.keys) {
                printError("warning: \($0)")
            }
            var configuration = RouteServer.Configuration(
                fleet: loaded, histories: histories, stateFolder: routing.state)
            configuration.references = try ReferenceFiles.load(loaded, folder: fleet.folder, keys: keys.keys) {
                printError("warning: \($0)")
            }
            configuration.isObserving = routing.observe
            configuration.version = Version.text
            let logger = log.logger("statezero.route")
            try http.apply(to: &configuration, environment: ProcessInfo.processInfo.environment, logger: logger)
            let exporter = try trace.exporter("statezero-router", logger)
            defer { exporter?.stop() }
            configuration.tracer = exporter?.tracer
            let (model, threads, host) = (model, threads.threads, http.host)
            let server = try RouteServer(configuration, logger: logger) { try model.make(threads: threads) }
            let (tokens, certificates) = (configuration.tokens, configuration.certificates)
            let hangup = HangupSignal {
                Reload.tokens(tokens, logger)
                Reload.certificates(certificates, logger)
            }
            defer { withExtendedLifetime(hangup) {} }
            let scheme = certificates == nil ? "http" : "https"
            try TaskWait.run { () async throws(RouterHTTPError) in
                try await server.run { printError("statezero: listening at \(scheme)://\(host):\($0)/v1") }
            }
        }
    }
}

/// State and mode of the router.
struct RouteServeState: ParsableArguments {
    @Option(help: "Folder of outcomes, decision log and spending; created if missing.")
    var state = "route-state"

    @Flag(help: "Decide and log, but send every request to the default model.")
    var observe = false
}

/// The HTTP server of the router.
struct RouteServeHTTP: ParsableArguments {
    @Option(help: "Address to listen at.")
    var host = "127.0.0.1"

    @Option(range: .within(0...65_535), help: "Port to listen at; 0 chooses a free port.")
    var port = 6060

    @Flag(
        help: "Allow an address that other machines can reach without --keys, or without TLS. Traffic can then be read."
    )
    var allowPlaintext = false

    @Option(help: "Environment variable with the key that clients must send. Default: no key.")
    var keyEnv: String?

    @Option(
        help: """
            Folder of keys with the tokens of clients, from `statezero keys new NAME --role ROLE --http`. A request \
            then needs a token or a key. SIGHUP reads the folder again.
            """)
    var keys: String?

    @Option(range: .atLeast(1), help: "Largest number of concurrent requests; more get status 429.")
    var requestsMax = 512

    @Option(
        name: .customLong("body-kib"), range: .within(1...1_048_576),
        help: "Largest request in KiB; larger ones get status 413.")
    var bodyKiB = 4096

    @Option(
        range: .atLeast(1),
        help: "Largest number of connections; for one more, the one that has waited longest for a request is closed.")
    var connectionsMax = 2048

    @OptionGroup var site: SiteOptions
    @OptionGroup var tls: TLSOptions

    @Option(range: .within(0...86_400), help: "Seconds for open requests after SIGTERM; then they are cancelled.")
    var stopSeconds = 30

    /// Throws `CommandFailure` when the key's variable is not set.
    func apply(
        to configuration: inout RouteServer.Configuration, environment: [String: String], logger: Logger
    ) throws {
        (configuration.host, configuration.port) = (host, port)
        configuration.allowsPlaintext = allowPlaintext
        configuration.environment = environment
        configuration.requestsMax = requestsMax
        configuration.connections.connectionsMax = connectionsMax
        configuration.origins = site.corsOrigin
        configuration.hostNames = site.hostName
        configuration.stopTime = .seconds(stopSeconds)
        configuration.bodyBytesMax = bodyKiB << 10
        configuration.certificates = try tls.certificates(logger)
        configuration.tokens = try keys.map { try LiveTokens(KeyFolder(path: $0), at: Date()) }
        if let keyEnv {
            guard let key = environment[keyEnv], !key.isEmpty else {
                throw CommandFailure("--key-env \(keyEnv): this environment variable is not set; set it to the key")
            }
            configuration.key = key
        }
    }
}
