import ArgumentParser
import CommandSupport
import CoordinatorNode

/// `statezero journal`.
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        "journal", "Checks, repairs, backs up and compacts a coordinator's journal.",
        example: """
            statezero journal check journal.sqlite
            statezero journal backup journal.sqlite journal.backup.sqlite
            """,
        details: """
            A journal has the answers that wait for their clients, plans, outcomes and texts of prompts: keep its copies as \
            safe as itself. check and backup also work while the coordinator runs.
            """,
        subcommands: [Check.self, Repair.self, Backup.self, Compact.self])

    /// `statezero journal check`.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            "check", "Reads a journal without changing it; prints its rows by kind and what is damaged.",
            example: "statezero journal check journal.sqlite --json",
            details:
                "Exit code 0: it is sound. 1: something is damaged. Needs free space for a copy beside the journal.")

        @Argument(help: "The journal's file.") var path: String

        @Option(range: .within(1...1_000_000), help: "Damaged rows that are printed.")
        var limit = 20

        @OptionGroup var report: ReportOptions

        func run() throws {
            let found = try JournalCare.check(path)
            try report.show(Facts(found, limit: limit)) { JournalCommand.text(found, limit: limit) }
            if !found.isSound { throw ExitCode(1) }
        }
    }

    /// `statezero journal repair`.
    struct Repair: ParsableCommand {
        static let configuration = CommandConfiguration(
            "repair", "Copies what is sound into a new journal, and lists what is lost.",
            example: "statezero journal repair journal.sqlite repaired.sqlite",
            details: "The damaged journal stays as it is. Start the coordinator with --journal and the new file.")

        @Argument(help: "The damaged journal.") var path: String
        @Argument(help: "The new journal; it must not exist.") var output: String

        @Option(range: .within(1...1_000_000), help: "Damaged rows that are printed.")
        var limit = 1000

        @OptionGroup var report: ReportOptions

        func run() throws {
            let found = try JournalCare.repair(path, to: output)
            try report.show(Facts(found, limit: limit)) {
                JournalCommand.text(found, limit: limit) + "\nwritten     \(found.contents.rows) rows to \(output)"
            }
        }
    }

    /// `statezero journal backup`.
    struct Backup: ParsableCommand {
        static let configuration = CommandConfiguration(
            "backup", "Copies a journal as it is at one moment, also while the coordinator writes to it.",
            example: "statezero journal backup journal.sqlite journal.backup.sqlite",
            details: "To restore it, stop the coordinator and start it with --journal and the copy.")

        @Argument(help: "The journal's file.") var path: String
        @Argument(help: "The copy; it must not exist.") var output: String

        func run() throws {
            let bytes = try JournalCare.backup(path, to: output)
            try printOutput("written     \(bytes) bytes to \(output)")
        }
    }

    /// `statezero journal compact`.
    struct Compact: ParsableCommand {
        static let configuration = CommandConfiguration(
            "compact", "Makes the file as small as its rows; the coordinator must be stopped.",
            example: "statezero journal compact journal.sqlite")

        @Argument(help: "The journal's file.") var path: String

        func run() throws {
            let (before, after) = try JournalCare.compact(path)
            try printOutput("\(before) bytes before, \(after) bytes now")
        }
    }

    private static func text(_ report: JournalCare.Report, limit: Int) -> String {
        var lines = [
            "journal     \(report.bytes) bytes\(report.isOpen ? ", a coordinator has it open" : "")",
            "rows        "
                + JournalDamage.Kind.allCases.compactMap { kind in
                    report.contents.counts[kind].map { "\($0) \(kind.rawValue)" }
                }.joined(separator: ", "),
        ]
        if report.contents.unchecked > 0 {
            lines.append("unchecked   \(report.contents.unchecked) rows of a former version have no checksums")
        }
        if let fault = report.fileFault { lines.append("file        damaged: \(fault)") }
        lines += report.contents.damage.prefix(limit).map { "damaged     \($0)" }
        if report.contents.damage.count > limit {
            lines.append("damaged     \(report.contents.damage.count - limit) more")
        }
        if report.isSound { lines.append("sound       nothing is damaged") }
        return lines.joined(separator: "\n")
    }

    private struct Facts: Encodable {
        let bytes: Int
        let isOpen: Bool
        let isSound: Bool
        let rows: [String: Int]
        let unchecked: Int
        let fileFault: String?
        let damagedCount: Int
        let damaged: [String]

        enum CodingKeys: String, CodingKey {
            case bytes, rows, unchecked, damaged
            case isOpen = "is_open"
            case isSound = "is_sound"
            case fileFault = "file_fault"
            case damagedCount = "damaged_count"
        }

        init(_ report: JournalCare.Report, limit: Int) {
            bytes = report.bytes
            isOpen = report.isOpen
            isSound = report.isSound
            rows = Dictionary(uniqueKeysWithValues: report.contents.counts.map { ($0.key.rawValue, $0.value) })
            unchecked = report.contents.unchecked
            fileFault = report.fileFault
            damagedCount = report.contents.damage.count
            damaged = report.contents.damage.prefix(limit).map { "\($0)" }
        }
    }
}
