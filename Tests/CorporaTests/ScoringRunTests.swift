import Corpora
import Foundation
import Scoring
import TestSupport
import Testing

@Suite("ScoringRun")
struct ScoringRunTests {
    let scratch: Scratch
    let policy = Policy(id: "run \"42\"", version: 1200)
    let model = ModelFingerprint(name: "table", digest: Digest(of: "table"))

    init() throws {
        scratch = try Scratch()
    }

    private func identity(_ input: String = "input", model: String = "table") -> RunIdentity {
        RunIdentity(
            input: Digest(of: input), context: Digest(of: "context"), configuration: RunConfiguration(["rows": "10"]),
            model: ModelFingerprint(name: "m", digest: Digest(of: model)))
    }

    private func run(_ folder: String = "out", _ identity: RunIdentity? = nil) throws -> ScoringRun {
        switch try ScoringRun.open(folder: scratch.file(folder), identity: identity ?? self.identity()) {
        case .open(let run): return run
        case .finished: throw CorporaError.unfinished(folder: "not this")
        }
    }

    /// Ten rows of part `index`; the last is an error.
    private func part(_ index: Int) throws -> PartWriter {
        var part = PartWriter(policy: policy, contextSize: 256, model: model)
        for row in 0..<9 {
            let p = Float(index * 9 + row) / 100
            let prediction = try #require(
                Prediction(p: p, kappa: 3.5, pLo: p / 2, pHi: 1, flags: row == 0 ? .truncated : []))
            part.append(.scored(promptID: "p\(index)/\(row)", prediction), hasDerivedID: row == 1)
        }
        part.append(
            .failed(RowError(file: "in", line: index, promptID: nil, code: .badJSON, message: "no\u{1} \"JSON\"")))
        return part
    }

    private func summary(rows: Int) -> RunSummary {
        RunSummary(policy: policy, contextRows: 256, files: [], rows: rows, statezeroVersion: "0.1.0")
    }

    /// An undisturbed run of three parts: every file's bytes by name.
    private func undisturbed() throws -> [String: [UInt8]] {
        let run = try run("undisturbed")
        for index in 0..<3 { try run.commit(index: index, firstRow: index * 10, part(index)) }
        try run.finish(summary(rows: 30))
        return try files("undisturbed")
    }

    private func files(_ folder: String) throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        for name in try scratch.names(folder) { files[name] = try scratch.read("\(folder)/\(name)") }
        return files
    }

    private func share(_ worker: String, verifiedBy: [String] = [], shards: String) -> RunWorkers.Share {
        RunWorkers.Share(
            worker: worker, key: nil, verifiedBy: verifiedBy.map { RunWorkers.Verifier(worker: $0, key: nil) },
            rows: 10,
            shards: shards)
    }

    @Test(
        "who answered is in a file of its own, over interruptions; all others have the bytes of a run that does not know"
    )
    func workers() throws {
        let expected = try undisturbed()
        let shares = [
            share("a", verifiedBy: ["b"], shards: "0-3"), share("b", shards: "4"), share("c/1", shards: "5-6,8"),
        ]
        do {
            let run = try run()
            try run.commit(index: 0, firstRow: 0, part(0), answeredBy: [shares[0]])
            try run.commit(index: 1, firstRow: 10, part(1), answeredBy: [shares[1]], stoppingAfter: .renamed)
        }
        let again = try run()
        try again.commit(index: 1, firstRow: 10, part(1), answeredBy: [shares[1]])
        try again.commit(index: 2, firstRow: 20, part(2), answeredBy: [shares[2]])
        try again.finish(
            RunSummary(
                policy: policy, contextRows: 256, files: [], rows: 30, statezeroVersion: "0.1.0", quarantined: ["c"]))
        var found = try files("out")
        #expect(found.removeValue(forKey: "_workers.json") != nil && found == expected)
        let workers = try #require(RunWorkers.read(folder: scratch.file("out")))
        #expect(workers.parts.map(\.workers) == shares.map { [$0] })
        #expect(workers.parts.map(\.name) == ["part-00000.jsonl", "part-00001.jsonl", "part-00002.jsonl"])
        #expect(workers.verifiedRows == 10 && workers.doubtfulRows == 10 && workers.unverifiedRows == 0)
        #expect(RunWorkers.read(folder: scratch.file("undisturbed")) == nil)
        switch try ScoringRun.open(folder: scratch.file("out"), identity: identity(), existing: .overwrite) {
        case .open: #expect(try scratch.names("out") == ["_journal.sqlite"])
        case .finished: #expect(Bool(false))
        }
    }

    @Test("a row's bytes are as documented, and numbers read back to the same Float32")
    func rowBytes() throws {
        var part = PartWriter(policy: policy, contextSize: 256, model: model)
        let exact = try #require(Prediction(p: 0.1, kappa: .infinity, pLo: 1e-7, pHi: 0.33333334))
        part.append(.scored(promptID: "a\"\\\n\t\u{1}é", exact))
        part.append(.failed(RowError(file: "some/folder/f", line: 3, promptID: "b", code: .emptyPrompt, message: "m")))
        let expected = """
            {"prompt_id":"a\\"\\\\\\n\\t\\u0001é","p":0.1,"kappa":null,"p_lo":1e-07,"p_hi":0.33333334,\
            "policy_id":"run \\"42\\"","policy_version":1200,"context_size":256,"model":"\(model.digest.short)",\
            "truncated":false,"status":"ok"}
            {"prompt_id":"b","status":"error","error":{"code":"empty_prompt","message":"m","file":"f","line":3}}

            """
        #expect(String(decoding: part.bytes, as: UTF8.self) == expected)
        var generator = SeededGenerator(seed: 9)
        var writer = PartWriter(policy: policy, contextSize: 0, model: model)
        var values: [(p: Float, kappa: Float)] = []
        for index in 0..<5000 {
            let p = Float(generator.unit())
            let kappa = Float(pow(10, generator.unit() * 60 - 30))
            values.append((p, kappa))
            writer.append(.scored(promptID: "\(index)", try #require(Prediction(p: p, kappa: kappa, pLo: 0, pHi: 1))))
        }
        var reader = try ScoresReader(path: scratch.write("scores.jsonl", writer.bytes))
        for (index, value) in values.enumerated() {
            let score = ScoresReader.Score(
                promptID: "\(index)", p: value.p, kappa: value.kappa, interval: 0...1, isTruncated: false)
            #expect(try reader.next() == .score(score), "seed 9")
        }
        #expect(try reader.next() == nil)
    }

    @Test("a finished folder holds parts, manifest and _SUCCESS only, and is read back whole")
    func roundTrip() throws {
        let files = try undisturbed()
        #expect(
            files.keys.sorted() == [
                "_SUCCESS", "_manifest.json", "part-00000.jsonl", "part-00001.jsonl", "part-00002.jsonl",
            ])
        var reader = try ScoresReader(path: scratch.file("undisturbed"))
        var scores: [ScoresReader.Score] = []
        var failed = 0
        while let element = try reader.next() {
            switch element {
            case .score(let score): scores.append(score)
            case .failed: failed += 1
            case .rejected(let error): Issue.record("\(error)")
            }
        }
        #expect(scores.count == 27 && failed == 3)
        #expect(scores[10] == .init(promptID: "p1/1", p: 0.1, kappa: 3.5, interval: 0.05...1, isTruncated: false))
        let counts = try #require(reader.manifest?.counts)
        #expect(
            counts.rows == 30 && counts.ok == 27 && counts.error == 3 && counts.truncated == 3 && counts.derivedIDs == 3
        )
        guard
            case .finished(let manifest) = try ScoringRun.open(
                folder: scratch.file("undisturbed"), identity: identity())
        else {
            Issue.record("not recognised as finished")
            return
        }
        #expect(manifest == reader.manifest)
    }

    @Test("two runs of one identity leave the same bytes")
    func sameBytes() throws {
        let first = try undisturbed()
        let run = try run("second")
        for index in [2, 0, 1] { try run.commit(index: index, firstRow: index * 10, part(index)) }
        try run.finish(summary(rows: 30))
        #expect(try files("second") == first)
    }

    @Test("a run killed after any step of a commit continues and ends like an undisturbed one")
    func crashInCommit() throws {
        let expected = try undisturbed()
        for step in [ScoringRun.Step.written, .renamed, .recorded] {
            let name = "crash-\(step)"
            var jobID: UUID?
            do {
                let run = try run(name)
                jobID = run.jobID
                try run.commit(index: 0, firstRow: 0, part(0))
                try run.commit(index: 1, firstRow: 10, part(1), stoppingAfter: step)
                try run.close()
            }
            let again = try run(name)
            #expect(again.jobID == jobID)
            #expect(again.parts.keys.sorted() == (step == .recorded ? [0, 1] : [0]), "\(step)")
            #expect(again.rows == (step == .recorded ? 20 : 10))
            let cutOff: [ScoringRun.Step: [String]] = [
                .written: ["part-00001.jsonl.tmp"], .renamed: ["part-00001.jsonl"],
            ]
            #expect(again.removed == cutOff[step] ?? [])
            for index in 0..<3 where again.parts[index] == nil {
                try again.commit(index: index, firstRow: index * 10, part(index))
            }
            try again.finish(summary(rows: 30))
            #expect(try files(name) == expected, "\(step)")
        }
    }

    @Test("killed after any step of the end, the run is finished when it is opened again")
    func crashAtEnd() throws {
        let expected = try undisturbed()
        for step in [ScoringRun.Step.manifestWritten, .succeeded, .finished] {
            let name = "end-\(step)"
            do {
                let run = try run(name)
                for index in 0..<3 { try run.commit(index: index, firstRow: index * 10, part(index)) }
                try run.finish(summary(rows: 30), stoppingAfter: step)
                if step != .finished { try run.close() }
            }
            switch try ScoringRun.open(folder: scratch.file(name), identity: identity()) {
            case .open(let run):
                #expect(step == .manifestWritten)
                try run.finish(summary(rows: 30))
            case .finished: #expect(step != .manifestWritten)
            }
            #expect(try files(name) == expected, "\(step)")
        }
    }

    @Test("a folder of another run is refused with both digests, finished or not")
    func anotherRun() throws {
        try run().close()
        let error = CorporaError.folderOfAnotherRun(
            folder: scratch.file("out"),
            differences: [.init(what: .model, folder: Digest(of: "table"), now: Digest(of: "other"))])
        #expect(throws: error) { _ = try run("out", identity(model: "other")) }
        #expect(error.description.contains(Digest(of: "table").short) && error.description.contains("--overwrite"))
        _ = try undisturbed()
        #expect { _ = try run("undisturbed", identity("elsewhere", model: "other")) } throws: { error in
            guard case .folderOfAnotherRun(_, let differences)? = error as? CorporaError else { return false }
            return differences.map(\.what) == [.input, .model]
        }
    }

    @Test("a second holder of the folder is refused while the first has it")
    func inUse() throws {
        let first = try run()
        #expect(throws: CorporaError.folderInUse(folder: scratch.file("out"))) { _ = try run() }
        #expect(throws: CorporaError.folderInUse(folder: scratch.file("out"))) {
            _ = try ScoringRun.open(folder: scratch.file("out"), identity: identity(), existing: .overwrite)
        }
        try first.close()
        try run().close()
    }

    @Test("a claim on a folder ends with its object, although child processes start beside it")
    func claimEnds() throws {
        let children = StartingChildren()
        defer { withExtendedLifetime(children) {} }
        for _ in 1...5000 { _ = try FolderClaim(scratch.path) }
    }

    @Test("a committed part that is missing or has another size is named")
    func lostParts() throws {
        do {
            let run = try run()
            try run.commit(index: 0, firstRow: 0, part(0))
            try run.close()
        }
        let bytes = try scratch.read("out/part-00000.jsonl")
        try scratch.write("out/part-00000.jsonl", bytes.dropLast())
        let folder = scratch.file("out")
        #expect(
            throws: CorporaError.partChanged(
                folder: folder, name: "part-00000.jsonl", expected: bytes.count, found: bytes.count - 1)
        ) { _ = try run() }
        try FileManager.default.removeItem(atPath: scratch.file("out/part-00000.jsonl"))
        #expect(throws: CorporaError.partMissing(folder: folder, name: "part-00000.jsonl")) { _ = try run() }
        try FileManager.default.removeItem(atPath: scratch.file("out/_journal.sqlite"))
        try scratch.write("out/part-00003.jsonl", bytes)
        #expect(throws: CorporaError.partsWithoutJournal(folder: folder, names: ["part-00003.jsonl"])) { _ = try run() }
    }

    @Test("a journal that is not one is a typed error, and --overwrite gets past it")
    func damagedJournal() throws {
        try FileManager.default.createDirectory(atPath: scratch.file("out"), withIntermediateDirectories: true)
        try scratch.write("out/_journal.sqlite", String(repeating: "not a database ", count: 100))
        #expect { _ = try run() } throws: { error in
            guard case .damagedJournal? = error as? CorporaError else { return false }
            return true
        }
        guard case .open = try ScoringRun.open(folder: scratch.file("out"), identity: identity(), existing: .overwrite)
        else {
            Issue.record("not begun again")
            return
        }
    }

    @Test("--overwrite removes our files and nothing else; files of others are never touched")
    func overwrite() throws {
        _ = try undisturbed()
        try scratch.write("undisturbed/notes.txt", "mine")
        let folder = scratch.file("undisturbed")
        let before = try files("undisturbed")
        #expect(throws: CorporaError.foreignFiles(folder: folder, names: ["notes.txt"])) {
            _ = try ScoringRun.open(folder: folder, identity: identity("new"), existing: .overwrite)
        }
        #expect(try files("undisturbed") == before)
        try FileManager.default.removeItem(atPath: scratch.file("undisturbed/notes.txt"))
        guard case .open(let run) = try ScoringRun.open(folder: folder, identity: identity("new"), existing: .overwrite)
        else {
            Issue.record("not begun again")
            return
        }
        #expect(run.parts.isEmpty)
        #expect(try scratch.names("undisturbed").allSatisfy { $0.hasPrefix("_journal") })
        try scratch.write("part-1.jsonl", "not ours: too few digits")
        #expect { _ = try ScoringRun.open(folder: scratch.path, identity: identity()) } throws: { error in
            guard case .foreignFiles(_, let names)? = error as? CorporaError else { return false }
            return names.contains("part-1.jsonl")
        }
    }

    @Test("a full disk is a typed error, leaves no partial file, and the run continues when there is space")
    func fullDisk() throws {
        let full: @Sendable (Int32, UnsafeRawBufferPointer) -> Int = { descriptor, bytes in
            // Room for a hundred bytes, then none.
            if bytes.count > 1000 { return write(descriptor, bytes.baseAddress, 100) }
            errno = ENOSPC
            return -1
        }
        let folder = scratch.file("out")
        do {
            guard case .open(let run) = try ScoringRun.open(folder: folder, identity: identity(), write: full) else {
                return
            }
            #expect { try run.commit(index: 0, firstRow: 0, part(0)) } throws: { error in
                guard case .diskFull(let path, let bytes)? = error as? CorporaError else { return false }
                return path == "\(folder)/part-00000.jsonl.tmp" && bytes > 0 && "\(error)".contains("free some space")
            }
            #expect(try scratch.names("out").allSatisfy { $0.hasPrefix("_journal") })
            try run.close()
        }
        let again = try run()
        #expect(again.parts.isEmpty)
        try again.commit(index: 0, firstRow: 0, part(0))
    }

    @Test("a run with fewer rows than its input, or with a hole, is never called finished")
    func holes() throws {
        let run = try run()
        try run.commit(index: 0, firstRow: 0, part(0))
        #expect(throws: CorporaError.rowsMismatch(folder: scratch.file("out"), expected: 30, found: 10)) {
            try run.finish(summary(rows: 30))
        }
        try run.commit(index: 2, firstRow: 20, part(2))
        for rows in [20, 30] {
            #expect { try run.finish(summary(rows: rows)) } throws: { error in
                guard case .partOutOfPlace(_, 2, _)? = error as? CorporaError else { return false }
                return true
            }
        }
        #expect { try run.commit(index: 0, firstRow: 0, part(0)) } throws: { error in
            guard case .partOutOfPlace(_, 0, _)? = error as? CorporaError else { return false }
            return true
        }
        #expect(!(try scratch.names("out").contains("_SUCCESS")))
    }

    @Test("scores of an unfinished or changed folder are refused")
    func changedFolder() throws {
        try run().close()
        #expect(throws: CorporaError.unfinished(folder: scratch.file("out"))) {
            _ = try ScoresReader(path: scratch.file("out"))
        }
        let files = try undisturbed()
        var part = try #require(files["part-00001.jsonl"])
        part[20] ^= 1
        try scratch.write("undisturbed/part-00001.jsonl", part)
        #expect {
            var reader = try ScoresReader(path: scratch.file("undisturbed"))
            while try reader.next() != nil {}
        } throws: { error in
            guard case .digestMismatch(let path, _, let found)? = error as? CorporaError else { return false }
            return path.hasSuffix("part-00001.jsonl") && found == Digest(of: part)
        }
        try scratch.write("undisturbed/_manifest.json", try #require(files["_manifest.json"]) + [0x20])
        #expect { _ = try ScoresReader(path: scratch.file("undisturbed")) } throws: { error in
            guard case .digestMismatch? = error as? CorporaError else { return false }
            return true
        }
    }

    @Test("score rows that cannot be used are named")
    func badScores() throws {
        let path = try scratch.write(
            "scores",
            """
            {"prompt_id":"a","p":0.5}
            {"prompt_id":"a","p":0.5,"kappa":2}
            {"prompt_id":"b","p":1.5,"kappa":2}
            {"prompt_id":"c","p":0.5,"kappa":0}
            {"prompt_id":"d"}
            {"p":0.5}
            """)
        var reader = try ScoresReader(path: path)
        var codes: [RowError.Code] = []
        #expect(try reader.next() == .score(.init(promptID: "a", p: 0.5, kappa: .infinity)))
        while let element = try reader.next() {
            if case .rejected(let error) = element { codes.append(error.code) }
        }
        #expect(codes == [.duplicateID, .badScore, .badScore, .missingScore, .badID])
    }
}
