import Foundation

/// Which file of settings is read: `--config FILE`, else `$STATEZERO_CONFIG`, else the user's, else the machine's.
package enum SettingsPlace {
    package static let variable = "STATEZERO_CONFIG"
    /// The value of `--config` and of the variable that reads no file.
    package static let off = "off"
    /// The machine's file, beside the settings of the packages' services.
    static let ofMachine = "/etc/statezero/config.yaml"

    /// Removes `--config FILE` from the arguments; returns the file, or `nil` where the option is not given.
    package static func removeOption(from arguments: inout [String]) throws(CommandFailure) -> String? {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        if let index = arguments[..<end].firstIndex(of: "--config") {
            guard index + 1 < end else { throw CommandFailure("--config needs a file, or `off`", status: .usage) }
            let file = arguments[index + 1]
            arguments.removeSubrange(index...index + 1)
            return file
        }
        guard let index = arguments[..<end].firstIndex(where: { $0.hasPrefix("--config=") }) else { return nil }
        return String(arguments.remove(at: index).dropFirst("--config=".count))
    }

    /// The file to read; `nil` for none. A file that was named must exist, the others are read where they exist.
    package static func path(named: String?, environment: [String: String]) -> String? {
        if let named = named ?? environment[variable], !named.isEmpty { return named == off ? nil : named }
        return standard(environment).first { FileManager.default.isReadableFile(atPath: $0) }
    }

    /// The files that need no name, in order.
    package static func standard(_ environment: [String: String]) -> [String] {
        let folder =
            environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
            ?? environment["HOME"].flatMap { $0.hasPrefix("/") ? "\($0)/.config" : nil }
        return (folder.map { ["\($0)/statezero/config.yaml"] } ?? []) + [ofMachine]
    }
}
