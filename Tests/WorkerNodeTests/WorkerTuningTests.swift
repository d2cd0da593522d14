import Foundation
import Testing
import WorkerNode

@Suite("The file of statezero tune")
struct WorkerTuningTests {
    private let folder = NSTemporaryDirectory() + "sz-tuning-\(UUID().uuidString.prefix(8))"
    private var file: String { "\(folder)/.tuned.json" }
    private let machine = WorkerTuning.Machine(processor: "a processor", cores: 8)

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func tuning() -> WorkerTuning {
        WorkerTuning(machine: machine, workers: 4, threads: 2, pin: true, rowsPerSecond: 123.4)
    }

    @Test("what was written is read, on the same machine")
    func roundTrip() throws {
        try tuning().write(file)
        #expect(try WorkerTuning.read(file, for: machine) == tuning())
    }

    @Test("no file is nothing, and no error")
    func absent() throws {
        #expect(try WorkerTuning.read(file, for: machine) == nil)
    }

    @Test("a file of another processor or another number of cores is refused, naming both and what to do")
    func otherMachine() throws {
        try tuning().write(file)
        for other in [
            WorkerTuning.Machine(processor: "another", cores: 8),
            WorkerTuning.Machine(processor: "a processor", cores: 2),
        ] {
            let refusal = #expect(throws: WorkerTuning.Refusal.self) { try WorkerTuning.read(file, for: other) }
            let text = "\(try #require(refusal))"
            #expect(
                text.contains("a processor, 8 cores") && text.contains("\(other)") && text.contains("statezero tune"))
        }
    }

    @Test("invalid text, another format and numbers out of range are refused with the file's name")
    func nonsense() throws {
        try tuning().write(file)
        let good = String(decoding: try #require(FileManager.default.contents(atPath: file)), as: UTF8.self)
        let bad = [
            "", "{}", "[1]", good.replacing("statezero-tuning-1", with: "statezero-tuning-9"),
            good.replacing("\"workers\" : 4", with: "\"workers\" : 0"),
            good.replacing("\"threads\" : 2", with: "\"threads\" : 99999999"),
            good.replacing("\"threads\" : 2", with: "\"threads\" : \"two\""),
        ]
        for text in bad {
            #expect(text != good)
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
            let refusal = #expect(throws: WorkerTuning.Refusal.self) { try WorkerTuning.read(file, for: machine) }
            #expect("\(try #require(refusal))".contains(file), "\(text)")
        }
    }

    @Test("writing into a missing folder fails, and the error has the reason")
    func unwritable() throws {
        let refusal = #expect(throws: WorkerTuning.Refusal.self) { try tuning().write("\(folder)/none/.tuned.json") }
        #expect("\(try #require(refusal))".contains("none/.tuned.json"))
    }

    @Test("the processor's name is read as Linux spells it")
    func processorName() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC: 9R14\nflags\t: fma\n"
        #expect(WorkerTuning.Machine.processorName(inProcessorInfo: text) == "AMD EPYC: 9R14")
        #expect(WorkerTuning.Machine.processorName(inProcessorInfo: "") == "unknown processor")
        #expect(WorkerTuning.Machine.current == WorkerTuning.Machine.current)
    }
}
