%% Scripts as text, read into maps.
-module(conform_script).
-export([parse/1, name/1, sup/2, kids/2, steps/1, kid/1]).

parse(Text) ->
    Lines = [string:lexemes(Line, " ") || Line <- string:split(binary_to_list(Text), "\n", all)],
    scripts(Lines, none, []).

scripts([], none, Done) ->
    lists:reverse(Done);
scripts([[] | Rest], Script, Done) ->
    scripts(Rest, Script, Done);
scripts([["#" | _] | Rest], Script, Done) ->
    scripts(Rest, Script, Done);
scripts([["script", Name] | Rest], none, Done) ->
    scripts(Rest, #{name => Name, sups => #{}, kids => [], steps => []}, Done);
scripts([["end"] | Rest], #{kids := Kids, steps := Steps} = Script, Done) ->
    Whole = Script#{kids := lists:reverse(Kids), steps := lists:reverse(Steps)},
    scripts(Rest, none, [Whole | Done]);
scripts([["sup", Id | Flags] | Rest], #{sups := Sups} = Script, Done) ->
    scripts(Rest, Script#{sups := Sups#{Id => flags(Flags)}}, Done);
scripts([["kid", Sup | Kid] | Rest], #{kids := Kids} = Script, Done) ->
    scripts(Rest, Script#{kids := [{Sup, kid(Kid)} | Kids]}, Done);
scripts([["do" | Step] | Rest], #{steps := Steps} = Script, Done) ->
    scripts(Rest, Script#{steps := [{wait, Step} | Steps]}, Done);
scripts([["go" | Step] | Rest], #{steps := Steps} = Script, Done) ->
    scripts(Rest, Script#{steps := [{go, Step} | Steps]}, Done).

flags([Strategy, Intensity, Period | More]) ->
    Flags = #{
        strategy => list_to_atom(Strategy),
        intensity => list_to_integer(Intensity),
        period => list_to_integer(Period)
    },
    case More of
        [] -> Flags;
        [Auto] -> Flags#{auto_shutdown => list_to_atom(Auto)}
    end.

%% ID RESTART SHUTDOWN, then `sup`, or TRAP STOP PLAN; then perhaps `significant`.
kid([Id, Restart, Shutdown, "sup" | More]) ->
    #{
        id => Id, restart => list_to_atom(Restart), shutdown => shutdown(Shutdown),
        type => supervisor, significant => More =:= ["significant"]
    };
kid([Id, Restart, Shutdown, Trap, Stop, Plan | More]) ->
    #{
        id => Id, restart => list_to_atom(Restart), shutdown => shutdown(Shutdown),
        type => worker, significant => More =:= ["significant"],
        trap => Trap =:= "trap", stop => list_to_atom(Stop),
        plan => [list_to_atom(Outcome) || Outcome <- string:lexemes(Plan, ",")]
    }.

shutdown("brutal") -> brutal_kill;
shutdown("infinity") -> infinity;
shutdown(Millis) -> list_to_integer(Millis).

name(#{name := Name}) -> Name.
steps(#{steps := Steps}) -> Steps.
sup(Id, #{sups := Sups}) -> maps:get(Id, Sups).
kids(Sup, #{kids := Kids}) -> [Kid || {Of, Kid} <- Kids, Of =:= Sup].
