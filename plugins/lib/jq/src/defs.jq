# What every program may use that is best said in jq itself. A definition uses earlier ones, natives, and itself.

# Choosing
def select(f): if f then . else empty end;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def isfinite: type == "number" and (isinfinite | not);
def finites: select(isfinite);
def normals: select(isnormal);
def isvalid(f): try (f | true) catch false;
def isempty(g): first((g | false), true);

# Generating
def range($to): range(0; $to; 1);
def range($from; $to): range($from; $to; 1);
def repeat(f): def again: f, again; again;
def recurse(f): def down: ., (f | down); down;
def recurse: ..;
def recurse(f; condition): def down: ., (f | select(condition) | down); down;
def recurse_down: ..;
def while(condition; update): def again: if condition then ., (update | again) else empty end; again;
def until(condition; update): def again: if condition then . else update | again end; again;
def limit($n; f): if $n < 0 then f else _limit($n; f) end;
def add(f): reduce f as $x (null; . + $x);
def any(generator; condition): isempty(first(generator | condition or empty)) | not;
def any(f): any(.[]; f);
def any: any(.);
def all(generator; condition): isempty(first(generator | condition and empty));
def all(f): all(.[]; f);
def all: all(.);
def first: .[0];
def last: .[-1];
def nth($n): .[$n];
def nth($n; f): if $n < 0 then error("Out of bounds negative array index") else first(skip($n; f)) end;
def map(f): [.[] | f];
def combinations:
  if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end;
def combinations($n): . as $all | [range($n)] | map($all) | combinations;

# Arrays and objects
def map_values(f): .[] |= f;
def with_entries(f): to_entries | map(f) | from_entries;
def walk(f): def down: if type == "object" then map_values(down) elif type == "array" then map(down) else . end | f; down;
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def toarray: if type == "array" then . else [.] end;
def transpose:
  (map(length) | max // 0) as $width | . as $rows | [range($width) as $column | [range($rows | length) as $row | $rows[$row][$column]]];
def IN(s): any(s == .; .);
def IN(src; s): any(src == s; .);
def INDEX(stream; f): reduce stream as $row ({}; .[$row | f | tostring] = $row);
def INDEX(f): INDEX(.[]; f);
def JOIN($index; f): [.[] | [., $index[f]]];
def JOIN($index; stream; f): stream | [., $index[f]];
def JOIN($index; stream; f; join): stream | [., $index[f]] | join;
def indices($i): _indices($i);
def index($i): indices($i) | .[0];
def rindex($i): indices($i) | .[-1:][0];

# Paths
def paths: path(..) | select(length > 0);
def paths(f): . as $all | paths | select(. as $path | $all | getpath($path) | f);
def leaf_paths: paths(scalars);
def del(f): delpaths([path(f)]);
def pick(f): . as $all | reduce path(f) as $path (null; setpath($path; $all | getpath($path)));
def tostream: path(def down: (.[]? | down), .; down) as $path | getpath($path) | reduce path(.[]?) as $inner ([$path, .]; [$path + $inner]);
def fromstream(f):
  { x: null, e: false } as $start
  | foreach f as $event ($start;
      if .e then $start else . end
      | if $event | length == 2
        then setpath(["e"]; $event[0] | length == 0) | setpath(["x"] + $event[0]; $event[1])
        else setpath(["e"]; $event[0] | length == 1)
        end;
      if .e then .x else empty end);
def truncate_stream(stream):
  . as $depth | null | stream | . as $event | if (.[0] | length) > $depth then setpath([0]; .[0][$depth:]) else empty end;

# Regular expressions. The arguments may come as one array.
def match($re; $flags): _match($re; $flags)[];
def match($re): if $re | type == "array" then match($re[0]; $re[1]) else match($re; null) end;
def test($re; $flags): _test($re; $flags);
def test($re): if $re | type == "array" then test($re[0]; $re[1]) else test($re; null) end;
def capture($re; $flags): match($re; $flags) | reduce (.captures[] | select(.name != null)) as $group ({}; .[$group.name] = $group.string);
def capture($re): if $re | type == "array" then capture($re[0]; $re[1]) else capture($re; null) end;
def scan($re; $flags): match($re; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
def scan($re): if $re | type == "array" then scan($re[0]; $re[1]) else scan($re; null) end;
def split($re; $flags): _split($re; $flags);
def splits($re; $flags): split($re; $flags)[];
def splits($re): splits($re; null);
def sub($re; f; $flags): _sub($re; f; $flags);
def sub($re; f): sub($re; f; "");
def gsub($re; f; $flags): sub($re; f; $flags + "g");
def gsub($re; f): sub($re; f; "g");
def ascii: if type == "number" then [.] | implode else error("ascii takes a number") end;

# Dates
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: todate;
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(unit; $n): . + $n;
def datesub(unit; $n): . - $n;

# A program has no other inputs, no environment, no files and nowhere to write to.
def env: $ENV;
def input: error("No more inputs");
def inputs: empty;
def debug: .;
def debug(messages): (messages | empty), .;
def stderr: .;
def input_filename: null;
def input_line_number: 0;
def get_search_list: [];
def halt_error: error(.);
def halt_error($status): error(.);
def have_literal_numbers: true;
def have_decnum: false;
