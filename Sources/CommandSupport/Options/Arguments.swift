// Types of other modules that options read from text; their raw values are what a user types.
public import ArgumentParser
public import Models
public import Kernels
public import Scoring

extension Precision: ExpressibleByArgument {}
extension TableKeysValues.Format: ExpressibleByArgument {}
extension ModelSettings.ContextCache: ExpressibleByArgument {}
extension ModelSettings.RowHash: ExpressibleByArgument {}
extension HeadKind: ExpressibleByArgument {}
extension BudgetObjective: ExpressibleByArgument {}
