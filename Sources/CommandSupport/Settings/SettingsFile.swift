import Foundation
import Yams

/// A file of settings: options by name for all commands, and below the name of a command for that one.
///
///     log-level: info                   # for each command that has --log-level
///     worker:
///       connect: tcp://10.0.0.1:5570    # worker --connect
///     route:
///       serve: {port: 6060}             # route serve --port
///
/// A flag has `true` or `false`, an option that may be repeated a list. Every name is checked when the file is read, also
/// those of other commands: a misspelt option must not be ignored.
package struct SettingsFile {
    /// One option with its values.
    package struct Entry: Equatable {
        /// The section: the names of a command, or none for all commands.
        package let section: [String]
        package let name: String
        package let values: [String]
        package let line: Int
    }

    package let path: String
    /// In the order of the file.
    package let entries: [Entry]

    /// Settings are short; a larger file is something else.
    private static let bytesMax = 1 << 20

    /// Reads a file and checks its names against a program's commands.
    package init(reading path: String, for program: CommandTree) throws(SettingsError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .unreadable(path: path, reason: "there is no such file")
        }
        guard !isFolder.boolValue else { throw .unreadable(path: path, reason: "it is a folder") }
        let data: Data
        do {
            data = try readFile(path)
        } catch {
            throw .unreadable(path: path, reason: reason(of: error))
        }
        guard data.count <= Self.bytesMax, let text = String(validating: data, as: UTF8.self) else {
            throw .malformed(path: path, line: 1, reason: "not a text in UTF-8 of at most \(Self.bytesMax) bytes")
        }
        try self.init(text: text, path: path, for: program)
    }

    package init(text: String, path: String, for program: CommandTree) throws(SettingsError) {
        self.path = path
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw Self.malformed(error, path: path)
        }
        guard let node, node.null == nil else {
            entries = []
            return
        }
        entries = try Self.entries(of: node, section: [], command: program, path: path)
    }

    private static func entries(
        of node: Node, section: [String], command: CommandTree, path: String
    ) throws(SettingsError) -> [Entry] {
        guard case .mapping(let mapping) = node else {
            throw .malformed(path: path, line: line(node), reason: "expected lines `option: value`")
        }
        var found: [Entry] = []
        for (key, value) in mapping {
            guard let name = key.string else {
                throw .malformed(path: path, line: line(key), reason: "a name is not a text")
            }
            if case .mapping = value {
                guard let inner = command.subcommand(name), inner.isShown else {
                    throw .unknownName(path: path, line: line(key), name: name, command: section.joined(separator: " "))
                }
                found += try entries(of: value, section: section + [inner.name], command: inner, path: path)
            } else {
                if command.subcommand(name) != nil, !command.allOptions.contains(where: { $0.name == name }) {
                    throw .malformed(
                        path: path, line: line(key), reason: "\(name) is a command; its options are lines below it")
                }
                guard command.allOptions.contains(where: { $0.name == name && $0.isShown }) else {
                    throw .unknownName(path: path, line: line(key), name: name, command: section.joined(separator: " "))
                }
                let values = try values(of: value, name: name, line: line(key), path: path)
                found.append(Entry(section: section, name: name, values: values, line: line(key)))
            }
        }
        return found
    }

    private static func values(
        of node: Node, name: String, line: Int, path: String
    ) throws(SettingsError) -> [String] {
        switch node {
        case .scalar(let scalar) where !(scalar.style == .plain && node.null != nil):
            return [scalar.string]
        case .sequence(let sequence):
            let values = sequence.compactMap { $0.scalar?.string }
            if values.count == sequence.count, !values.isEmpty { return values }
        default: break
        }
        throw .badForm(source: "\(path):\(line)", name: name, expected: "a value or a list of values", found: "neither")
    }

    private static func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

    private static func malformed(_ error: any Error, path: String) -> SettingsError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            .malformed(path: path, line: mark.line, reason: problem)
        case .duplicatedKeysInMapping(let names, let context):
            .malformed(
                path: path, line: context.mark.line, reason: "\(names.sorted().joined(separator: ", ")) is there twice")
        default: .malformed(path: path, line: 1, reason: "not YAML: \(error)")
        }
    }
}
