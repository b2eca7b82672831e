# Completion of `git milestone` and `git-milestone` for fish.

function __git_milestone_candidates
    set -l words (commandline -opc) (commandline -ct)
    if test "$words[1]" = git
        set words $words[(contains -i -- milestone $words)..-1]
    end
    set -l lines (git-milestone __complete -- $words[2..-1] 2>/dev/null)
    switch "$lines[1]"
        case file
            __fish_complete_path (commandline -ct)
        case directory
            __fish_complete_directories (commandline -ct) ''
        case '*'
            printf '%s\n' $lines
    end
end

complete -c git-milestone -f -a '(__git_milestone_candidates)'
complete -c git -f -n '__fish_git_using_command milestone' -a '(__git_milestone_candidates)'
