import Routing
import Testing

@Suite("Tables of prompts and models")
struct RouteTableTests {
    private let table = RouteTable(
        models: ["a", "b", "c"], p: [0.2, 0.7, 0.9, 0.8, 0.8, 0.1], cost: [1, 2, 4, 1, 2, 4], costUnit: 4)

    @Test("choices follow the rule, and ties go to the cheaper model")
    func choices() {
        #expect(table.prompts == 2)
        #expect(table.choices(.weighted(1)) == [2, 0])
        #expect(table.choices(.weighted(0)) == [0, 0])
        #expect(table.choices(.target(0.6)) == [1, 0])
        #expect(table.choices(.target(0.95)) == [2, 0], "no model reaches the target, so the largest p is chosen")
        #expect(table.choices(.costAware(0.5)) == [2, 0])
    }

    @Test("scores replace the probabilities in choices, but not in quality")
    func scores() {
        let choices = table.choices(.weighted(1), scores: [1, 0, 0, 0, 0, 1])
        #expect(choices == [0, 2])
        let point = table.point(choices, label: "x", parameter: 0.5)
        #expect(abs(point.quality - 0.15) < 1e-12 && point.cost == 2.5 && point.parameter == 0.5)
        #expect(point.shares == [0.5, 0, 0.5])
    }

    @Test("single models send every prompt to one model")
    func singles() {
        #expect(table.singles.map(\.label) == ["a", "b", "c"] && table.singles.map(\.cost) == [1, 2, 4])
        #expect(table.singles.map(\.quality) == [0.5, 0.75, 0.5])
        #expect(table.singles[1].shares == [0, 1, 0])
    }

    @Test("prompts can be selected in any order and repeatedly")
    func selecting() {
        let selected = table.selecting([1, 1, 0])
        #expect(selected.p == [0.8, 0.8, 0.1, 0.8, 0.8, 0.1, 0.2, 0.7, 0.9])
        #expect(selected.prompts == 3 && selected.rewards == nil && selected.costUnit == 4)
        #expect(selected.paid == selected.cost)
    }

    @Test("an empty table has no prompts and means of zero")
    func empty() {
        let none = RouteTable(models: ["a"], p: [], cost: [], costUnit: 0)
        #expect(none.prompts == 0 && none.choices(.weighted(0.5)).isEmpty)
        #expect(none.point([], label: "none").quality == 0)
    }
}
