/// Parses the table of trainers in `TrainerFacts.swift`, where its format is described.
enum TrainerTable {
    /// Trainers in the order of the table. A malformed line stops the program: the table is part of it.
    static func parse(_ table: String) -> [Trainer] {
        var trainers: [Trainer] = []
        for line in table.split(separator: "\n") {
            let cells = line.dropFirst(2).split(separator: " | ").map(String.init)
            let last = trainers.count - 1
            switch (line.first, cells.count) {
            case ("#", 3):
                guard let safety = Trainer.Safety(rawValue: cells[1]) else {
                    preconditionFailure("trainer table: unknown safety in the line: \(line)")
                }
                trainers.append(
                    Trainer(name: cells[0], read: cells[2], safety: safety, reason: "", facts: [], runs: [], advice: [])
                )
            case ("=", 1): trainers[last].reason = cells[0]
            case ("-", 3): trainers[last].facts.append(.init(about: cells[0], text: cells[1], source: cells[2]))
            case ("+", 3): trainers[last].runs.append(.init(version: cells[0], seen: cells[1], test: cells[2]))
            case (">", 1): trainers[last].advice.append(cells[0])
            default: preconditionFailure("trainer table: cannot read the line: \(line)")
            }
        }
        return trainers
    }
}
