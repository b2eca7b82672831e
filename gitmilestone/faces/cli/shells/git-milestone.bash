# Completion of `git milestone` and `git-milestone` for bash.

# Sets `words` to the words up to the cursor, whole again where bash split them at `:` or `=`.
__git_milestone_words ()
{
    local line=${COMP_LINE:0:COMP_POINT} word index last
    words=()
    for ((index = 0; index <= COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        last=${#words[@]}
        if ((index > 0)) && [[ -n $line && $line != [[:blank:]]* ]]; then
            last=$((last - 1))
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        ((index < COMP_CWORD)) || word=$line
        words[last]=${words[last]-}$word
        line=${line#"$word"}
    done
}

# Offers what follows the word at place $1 of `words`.
__git_milestone_offer ()
{
    local line word split typed=${words[${#words[@]} - 1]}
    # Bash replaces only what stands behind the last `:` or `=`.
    split=${COMP_WORDS[COMP_CWORD]}
    [[ $split != [:=] ]] || split=
    split=${typed%"$split"}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line != *$'\t'* ]]; then
            # `file` or `directory`: bash's own completion steps in where there is no reply.
            compopt +o nospace -o filenames 2>/dev/null
            return 0
        fi
        printf -v word '%q' "${line%%$'\t'*}"
        [[ $word == *[:=] ]] || word+=' '
        COMPREPLY+=("${word#"$split"}")
    done < <(git-milestone ${__git_C_args[@]+"${__git_C_args[@]}"} __complete -- "${words[@]:$1 + 1}" 2>/dev/null)
}

# Called by git's own completion, after `git milestone`.
_git_milestone ()
{
    local words place
    __git_milestone_words
    place=${__git_cmd_idx-}
    if [[ -z $place ]]; then
        place=0
        while ((place < ${#words[@]})) && [[ ${words[place]} != milestone ]]; do
            place=$((place + 1))
        done
    fi
    __git_milestone_offer "$place"
}

__git_milestone_alone ()
{
    local words
    __git_milestone_words
    __git_milestone_offer 0
}

complete -o bashdefault -o default -o nospace -F __git_milestone_alone git-milestone
