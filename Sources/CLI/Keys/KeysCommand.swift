import ArgumentParser
import CommandSupport
import Foundation
import Keys
import ZeroMQ

/// `statezero keys`.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "keys", "Makes, lists and revokes the keys of a cluster's peers.",
        example: """
            statezero keys new worker-1 --role worker
            statezero keys list
            """,
        details: """
            A folder of keys is for `statezero coordinator --keys FOLDER`. A peer connects with its secret key file: \
            `statezero worker --key FILE`. After a change, send SIGHUP to the coordinator: it reads the folder again.
            """,
        subcommands: [New.self, List.self, Show.self, Revoke.self, Rotate.self])

    /// The folder of keys.
    struct Place: ParsableArguments {
        @Option(
            help: "Folder of keys. Default: $STATEZERO_KEYS, else statezero/keys in the user's configuration folder.")
        var keys: String?

        var folder: KeyFolder {
            let environment = ProcessInfo.processInfo.environment
            if let path = keys ?? environment["STATEZERO_KEYS"], !path.isEmpty { return KeyFolder(path: path) }
            let configuration =
                environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
                ?? "\(environment["HOME"] ?? ".")/.config"
            return KeyFolder(path: "\(configuration)/statezero/keys")
        }
    }

    /// Where a secret is written.
    struct Secret: ParsableArguments {
        @Option(help: "File for the secret key. Default: NAME.key_secret in the working folder.")
        var output: String?

        func path(_ name: String) -> String { output ?? "\(name).key_secret" }
    }

    /// `statezero keys new`.
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            "new", "Makes a key: its public half is admitted, its secret half is written to a file for its holder.",
            example: "statezero keys new worker-1 --role worker --output worker-1.key_secret",
            details: """
                Makes the folder and the coordinator's own key where they are missing. Roles: worker (answers shards), \
                client (scores), trainer (plans, outcomes, and what a client may), rollout (rolls out assignments), \
                admin (all). Move the secret file to its holder's machine; nothing else has a copy.
                """)

        @Argument(help: "Name of the key: letters, digits, \".\", \"-\", \"_\".")
        var name: String

        @Option(help: "What its holder may do: worker, client, trainer, rollout or admin.", transform: Self.role)
        var role: Role

        @OptionGroup var secret: Secret
        @OptionGroup var place: Place

        private static func role(_ text: String) throws -> Role {
            guard let role = Role(rawValue: text) else {
                let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--role \(text): not one of \(names)")
            }
            return role
        }

        func run() throws {
            let path = secret.path(name)
            let made = try place.folder.add(name, role: role, output: path, at: Date())
            print(
                """
                admitted    \(made.name) as \(role.rawValue), public key \(made.publicKey.text), in \(place.folder.path)
                secret key  \(path)
                """)
        }
    }

    /// `statezero keys list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            "list", "Lists the admitted keys with their roles.", example: "statezero keys list --json")

        @OptionGroup var place: Place
        @OptionGroup var report: ReportOptions

        func run() throws {
            let files = try place.folder.files()
            try report.show(files.map(Facts.init)) {
                files.isEmpty ? "no key is admitted" : files.map(KeysCommand.line).joined(separator: "\n")
            }
        }
    }

    /// `statezero keys show`.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            "show", "Shows one admitted key: role, time, public key.", example: "statezero keys show worker-1")

        @Argument(help: "Name of the key.") var name: String
        @OptionGroup var place: Place
        @OptionGroup var report: ReportOptions

        func run() throws {
            let file = try place.folder.find(name)
            try report.show(Facts(file)) { KeysCommand.line(file) }
        }
    }

    /// `statezero keys revoke`.
    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            "revoke", "Ends a key: its holder is refused as soon as the coordinator has read the folder again.",
            example: "statezero keys revoke worker-1")

        @Argument(help: "Name of the key.") var name: String
        @OptionGroup var place: Place

        func run() throws {
            try place.folder.revoke(name, at: Date())
            print("revoked \(name); send SIGHUP to the coordinator to apply it")
        }
    }

    /// `statezero keys rotate`.
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            "rotate", "Replaces a key by a new one of the same name and role.",
            example: "statezero keys rotate worker-1 --overlap-hours 24 --output worker-1.new.key_secret")

        @Argument(help: "Name of the key.") var name: String

        @Option(range: .within(0...8760), help: "Hours for which the old key is admitted too.")
        var overlapHours = 24

        @OptionGroup var secret: Secret
        @OptionGroup var place: Place

        func run() throws {
            let path = secret.path(name)
            let made = try place.folder.rotate(
                name, output: path, overlap: Double(overlapHours) * 3600, at: Date())
            print(
                """
                admitted    \(made.name), public key \(made.publicKey.text); the old key for \(overlapHours) more hours
                secret key  \(path)
                Send SIGHUP to the coordinator to apply it.
                """)
        }
    }

    private static func line(_ file: KeyFile) -> String {
        [
            file.name, file.role?.rawValue ?? "", file.created.formatted(.iso8601), file.publicKey.text,
        ].joined(separator: "  ")
    }

    private struct Facts: Encodable {
        let name: String
        let role: Role?
        let created: String
        let publicKey: String

        enum CodingKeys: String, CodingKey {
            case name, role, created
            case publicKey = "public_key"
        }

        init(_ file: KeyFile) {
            name = file.name
            role = file.role
            created = file.created.formatted(.iso8601)
            publicKey = file.publicKey.text
        }
    }
}
