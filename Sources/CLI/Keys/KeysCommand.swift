import ArgumentParser
import CommandSupport
import Foundation
import Keys
import ZeroMQ

/// `statezero keys`.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "keys", "Makes, lists and revokes the keys of a cluster's peers, and tokens for HTTP.",
        example: """
            statezero keys new worker-1 --role worker
            statezero keys new dashboard --role observer --http
            statezero keys new trainer-a --role trainer --tenant team-a
            statezero keys list
            """,
        details: """
            A folder of keys is for `statezero coordinator --keys FOLDER`. A peer connects with its secret key file: \
            `statezero worker --key FILE`. With --http a token is made instead, for requests over HTTP to the \
            coordinator and to `statezero route serve --keys FOLDER`. After a change, send SIGHUP to the server: it reads the folder again.
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
        @Option(
            help: "File for the secret. Default: NAME.key_secret, or NAME.token with --http, in the working folder.")
        var output: String?

        @Flag(help: "A token for HTTP instead of a key.")
        var http = false

        func path(_ name: String) -> String { output ?? (http ? "\(name).token" : "\(name).key_secret") }
    }

    /// `statezero keys new`.
    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            "new", "Makes a key: its public half is admitted, its secret half is written to a file for its holder.",
            example: "statezero keys new worker-1 --role worker --output worker-1.key_secret",
            details: """
                Makes the folder and the coordinator's own key where they are missing. Roles: worker (answers shards), \
                client (scores), trainer (plans, outcomes, and what a client may), rollout (rolls out assignments), \
                observer (status, metrics and pages, over HTTP alone), admin (all). With --tenant the holder sees the \
                jobs, policies and plans of that tenant alone, and a worker computes for it alone; without it a worker \
                computes for all, observer and admin see all, and others see what is no tenant's. With --http the secret is a token, \
                which a client sends as `Authorization: Bearer TOKEN`. Move the secret file to its holder's machine; nothing else has a copy.
                """)

        @Argument(help: "Name of the key: letters, digits, \".\", \"-\", \"_\".")
        var name: String

        @Option(
            help: "What its holder may do: worker, client, trainer, rollout, observer or admin.", transform: Self.role)
        var role: Role

        @Option(help: "Whose work it is for: a name like that of a key. Default: no tenant, the cluster's own.")
        var tenant: String?

        @Option(
            range: .within(KeyTerms.rates),
            help: "Messages, or requests over HTTP, that its holder may send in a second. Default: any number.")
        var messagesPerSecond: Int?

        @OptionGroup var secret: Secret
        @OptionGroup var place: Place

        private static func role(_ text: String) throws -> Role {
            guard let role = Role(rawValue: text) else {
                let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--role \(text): not one of \(names)")
            }
            return role
        }

        func validate() throws {
            if secret.http, !role.isForHTTP {
                throw ValidationError("--role \(role.rawValue) may do nothing over HTTP; leave --http out")
            }
            if let tenant, !KeyTerms.isTenant(tenant) { throw ValidationError("\(KeyError.badTenant(tenant))") }
            if !secret.http, role == .observer { throw ValidationError("--role observer is for HTTP; add --http") }
        }

        func run() throws {
            let path = secret.path(name)
            let terms = KeyTerms(tenant: tenant, messagesPerSecond: messagesPerSecond)
            let of = tenant.map { " of the tenant \($0)" } ?? ""
            if secret.http {
                let made = try place.folder.addToken(name, role: role, terms: terms, output: path, at: Date())
                return print(
                    """
                    admitted  \(made.name) as \(role.rawValue)\(of) over HTTP, in \(place.folder.path)
                    token     \(path)
                    """)
            }
            let made = try place.folder.add(name, role: role, terms: terms, output: path, at: Date())
            print(
                """
                admitted    \(made.name) as \(role.rawValue)\(of), public key \(made.publicKey.text), in \(place.folder.path)
                secret key  \(path)
                """)
        }
    }

    /// `statezero keys list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            "list", "Lists the admitted keys and tokens with their roles and tenants.",
            example: "statezero keys list --json")

        @OptionGroup var place: Place
        @OptionGroup var report: ReportOptions

        func run() throws {
            let facts = try place.folder.files().map(Facts.init) + place.folder.tokens().map(Facts.init)
            try report.show(facts) {
                facts.isEmpty ? "no key is admitted" : facts.map(\.line).joined(separator: "\n")
            }
        }
    }

    /// `statezero keys show`.
    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            "show", "Shows one admitted key: role, time, public key, tenant.", example: "statezero keys show worker-1")

        @Argument(help: "Name of the key.") var name: String
        @Flag(help: "Show the token of this name.") var http = false
        @OptionGroup var place: Place
        @OptionGroup var report: ReportOptions

        func run() throws {
            let facts = http ? Facts(try place.folder.findToken(name)) : Facts(try place.folder.find(name))
            try report.show(facts) { facts.line }
        }
    }

    /// `statezero keys revoke`.
    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            "revoke", "Ends the key and the token of a name: refused as soon as the server has read the folder again.",
            example: "statezero keys revoke worker-1")

        @Argument(help: "Name of the key.") var name: String
        @OptionGroup var place: Place

        func run() throws {
            let folder = place.folder
            let hasToken = folder.hasToken(name)
            if hasToken { try folder.revokeToken(name, at: Date()) }
            if !hasToken || folder.hasKey(name) { try folder.revoke(name, at: Date()) }
            print("revoked \(name); send SIGHUP to the server to apply it")
        }
    }

    /// `statezero keys rotate`.
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            "rotate", "Replaces a key by a new one of the same name, role, tenant and rate.",
            example: "statezero keys rotate worker-1 --overlap-hours 24 --output worker-1.new.key_secret")

        @Argument(help: "Name of the key.") var name: String

        @Option(range: .within(0...8760), help: "Hours for which the old key is admitted too.")
        var overlapHours = 24

        @OptionGroup var secret: Secret
        @OptionGroup var place: Place

        func run() throws {
            let path = secret.path(name)
            let overlap = Double(overlapHours) * 3600
            if secret.http {
                let made = try place.folder.rotateToken(name, output: path, overlap: overlap, at: Date())
                return print(
                    """
                    admitted  \(made.name) over HTTP; the old token for \(overlapHours) more hours
                    token     \(path)
                    Send SIGHUP to the server to apply it.
                    """)
            }
            let made = try place.folder.rotate(name, output: path, overlap: overlap, at: Date())
            print(
                """
                admitted    \(made.name), public key \(made.publicKey.text); the old key for \(overlapHours) more hours
                secret key  \(path)
                Send SIGHUP to the coordinator to apply it.
                """)
        }
    }
}
