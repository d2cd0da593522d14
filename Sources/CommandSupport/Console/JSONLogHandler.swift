import Foundation
import JSON
package import Logging

/// Log lines as JSON objects on standard error: `time`, `level`, `logger`, `message`, then the facts as texts, in order of
/// their names. A fact with one of these names gets an underscore in front.
package struct JSONLogHandler: LogHandler {
    package var logLevel = Logger.Level.notice
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let write: @Sendable (String) -> Void

    /// Writes by `write`, a line a call, without its end.
    package init(
        label: String, metadataProvider: Logger.MetadataProvider? = nil,
        write: @escaping @Sendable (String) -> Void = { printError($0) }
    ) {
        self.label = label
        self.metadataProvider = metadataProvider
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var facts = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }
        facts.merge(event.metadata ?? [:]) { $1 }
        var members = [
            ("time", Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))),
            ("level", event.level.rawValue), ("logger", label), ("message", "\(event.message)"),
        ]
        if let error = event.error { members.append(("error", "\(error)")) }
        let taken = Set(members.map(\.0))
        for (name, value) in facts.sorted(by: { $0.key < $1.key }) {
            members.append((taken.contains(name) ? "_\(name)" : name, "\(value)"))
        }
        var line = JSONWriter()
        line.raw("{")
        for (name, value) in members {
            line.comma()
            line.string(name)
            line.raw(":")
            line.string(value)
        }
        line.raw("}")
        write(String(decoding: line.bytes, as: UTF8.self))
    }
}
