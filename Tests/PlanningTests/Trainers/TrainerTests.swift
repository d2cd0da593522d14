import Planning
import Testing

@Suite("Trainers")
struct TrainerTests {
    @Test("every trainer has facts with their sources, and advice")
    func sources() {
        #expect(Set(Trainer.known.map(\.name)).count == Trainer.known.count)
        for trainer in Trainer.known {
            #expect(trainer.read.contains("@"), "\(trainer.name) has no commit")
            #expect(!trainer.facts.isEmpty && !trainer.advice.isEmpty, "\(trainer.name)")
            for fact in trainer.facts {
                let isFile = fact.source.contains(/\.py:\d/)
                let isThread = fact.source.contains(/#\d/)
                #expect(isFile || isThread, "\(trainer.name): \(fact.source)")
            }
            // A run names its version with its date, and the script that repeats it.
            for run in trainer.runs {
                #expect(
                    run.version.contains(#/ \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)$/#), "\(trainer.name): \(run.version)")
                #expect(run.test.hasPrefix("scripts/check-trainers "), "\(trainer.name): \(run.test)")
            }
            // There must be a fact about advantages or the interface.
            #expect(trainer.facts.contains { ["advantages", "interface"].contains($0.about) }, "\(trainer.name)")
        }
    }

    @Test("a trainer is found in any spelling of its name, and an unknown name is not")
    func names() {
        #expect(Trainer.named("VERL")?.name == "verl")
        #expect(Trainer.named("nemo_rl")?.name == "NeMo-RL" && Trainer.named("Prime RL")?.name == "prime-rl")
        #expect(Trainer.named("verl-legacy")?.safety == .adapter)
        #expect(Trainer.named("ver") == nil && Trainer.named("") == nil)
    }

    @Test("adapters that scripts/check-trainers runs are facts of a run, and no other trainer has one")
    func runs() {
        let run = Trainer.known.filter { !$0.runs.isEmpty }.map(\.name)
        #expect(run == ["verl", "tinker-cookbook", "prime-rl", "AReaL", "slime", "TRL"])
    }

    @Test("trainers that find groups by reshaping are unsafe")
    func safety() {
        for name in ["TRL", "OpenRLHF", "slime", "ROLL"] {
            #expect(Trainer.named(name)?.safety == .unsafe, "\(name)")
        }
        let ready = Trainer.known.filter { $0.safety == .ready }.map(\.name)
        #expect(ready == ["verl", "CurES", "tinker-cookbook", "ART"])
    }
}
