namespace Edge.Text;

/// <summary>The types of JSON Schema; Number includes Integer.</summary>
[Flags]
internal enum JsonTypes
{
    None = 0,
    Null = 1,
    Boolean = 2,
    Integer = 4,
    Number = 8 | Integer,
    String = 16,
    Object = 32,
    Array = 64,
    All = Null | Boolean | Number | String | Object | Array,
}
