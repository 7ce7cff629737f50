/// Bounds of one template and of one rendering. Templates come with models: nobody has read them.
package struct TemplateLimits: Sendable {
  /// Most bytes of source.
  package var sourceBytes = 1 << 17
  /// Highest syntax tree of an expression, and deepest nesting of blocks and brackets.
  package var nesting = 64
  /// Deepest nesting of what is being evaluated, calls of macros included.
  package var recursion = 250
  /// Steps of one rendering: each node evaluated is one, and so are 16 characters or elements
  /// moved.
  package var steps = 2_000_000
  /// Most characters of the rendered text, and of any text on the way to it.
  package var characters = 1 << 20

  package init() {}
}
