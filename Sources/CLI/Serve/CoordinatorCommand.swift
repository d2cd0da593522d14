import ArgumentParser
import Cluster
import CommandSupport
import CoordinatorHTTP
import CoordinatorNode
import Foundation
import HTTPServing
import Keys
import Logging
import Scoring
import Threads
import TraceExport
import Traces
import ZeroMQ

/// `statezero coordinator`.
struct Coordinator: ParsableCommand {
    static let configuration = CommandConfiguration(
        "coordinator", "Runs a coordinator: accepts jobs from clients and distributes shards to workers.",
        example: "statezero coordinator --bind tcp://127.0.0.1:5570 --journal journal.sqlite --http 127.0.0.1:8080",
        details: """
            Prints one line per endpoint when it listens: `listening at ENDPOINT`, and `http at URL` with --http. \
            SIGTERM stops it; with a journal, a restarted coordinator continues its jobs and plans.
            """)

    @Option(help: "Endpoint to listen at, such as tcp://127.0.0.1:5570 or ipc:///run/statezero.sock. May be repeated.")
    var bind: [String]

    @Option(help: "HOST:PORT for plans, outcomes, scores, health and metrics over HTTP. Port 0 chooses a free port.")
    var http: String?

    @OptionGroup var site: SiteOptions
    @OptionGroup var tls: TLSOptions

    @Option(
        help: """
            Folder of the keys of peers that may connect, made by `statezero keys new`. Traffic is then encrypted, and \
            each key's role says what its holder may do; requests over HTTP need a token of the folder (`statezero keys \
            new --http`). SIGHUP reads the folder again.
            """)
    var keys: String?

    @Flag(
        help:
            "Allow addresses that other machines can reach without keys. Traffic is neither encrypted nor authenticated."
    )
    var allowPlaintext = false

    @Option(help: "Journal file (SQLite). Default: none, so jobs and plans end with the process.")
    var journal: String?

    @OptionGroup var bounds: CoordinatorBounds

    @Option(help: "Digest of the only accepted model, from `statezero model inspect`. Default: the first worker's.")
    var fingerprint: String?

    @Option(help: .hidden)
    var parent: Int32?

    @OptionGroup var log: LogOptions
    @OptionGroup var trace: TraceOptions

    func validate() throws {
        if bind.isEmpty { throw ValidationError("give --bind at least once, such as --bind tcp://127.0.0.1:5570") }
        if http == nil, tls.tlsCertificate != nil {
            throw ValidationError("--tls-certificate is for HTTP: give --http HOST:PORT too")
        }
        if let fingerprint, Digest(hex: fingerprint) == nil {
            throw ValidationError("--fingerprint \(fingerprint): not 64 hexadecimal digits")
        }
    }

    func run() throws {
        ParentWatch.start(parent: parent)
        var configuration = CoordinatorNode.Configuration(
            endpoints: try bind.map { try Endpoint($0) }, journalPath: journal)
        configuration.allowsPlaintext = allowPlaintext
        configuration.keys = try keys.map { try LiveKeys(KeyFolder(path: $0), at: Date()) }
        bounds.apply(to: &configuration.planner)
        if let fingerprint, let digest = Digest(hex: fingerprint) {
            configuration.state.fingerprint = ModelFingerprint(name: "given by --fingerprint", digest: digest)
        }
        let logger = log.logger("statezero.coordinator")
        let certificates = try tls.certificates(logger)
        let exporter = try trace.exporter("statezero-coordinator", logger)
        defer { exporter?.stop() }
        configuration.tracer = exporter?.tracer
        let node = try CoordinatorNode(configuration, logger: logger)
        let live = configuration.keys
        let served = try http.map { try serve(node, at: $0, live?.tokens, certificates, exporter?.tracer) }
        // HTTP stops first, because its open requests still need the coordinator.
        let signals = StopSignals(onHangup: {
            Reload.keys(live, logger)
            Reload.certificates(certificates, logger)
        }) {
            served?.stop()
            node.stop()
        }
        for endpoint in node.endpoints { announce("listening at \(endpoint)") }
        if let served { announce("http at \(served.url)") }
        defer { served?.stop() }
        try withExtendedLifetime(signals) { try node.wait() }
    }

    /// Writes at once, because other programs wait for the line.
    private func announce(_ line: String) { try? printOutput(line) }

    private func serve(
        _ node: CoordinatorNode, at address: String, _ tokens: LiveTokens?, _ certificates: ServerCertificates?,
        _ tracer: Tracer?
    ) throws -> ServedHTTP {
        var configuration = CoordinatorHTTPServer.Configuration(address: try HTTPAddress(address))
        configuration.allowsPlaintext = allowPlaintext
        configuration.version = Version.text
        configuration.origins = site.corsOrigin
        configuration.hostNames = site.hostName
        configuration.tokens = tokens
        configuration.certificates = certificates
        configuration.tracer = tracer
        let client = CoordinatorClient(
            ask: { node.ask($0, in: $1) }, report: { await node.report(of: $0) }, mark: { await node.mark(in: $0) },
            query: { await node.query($0, in: $1) }, operate: { await node.operate($0, in: $1) },
            audit: { node.audit($0) })
        return try ServedHTTP(configuration, coordinator: client, logger: log.logger("statezero.http"))
    }
}
