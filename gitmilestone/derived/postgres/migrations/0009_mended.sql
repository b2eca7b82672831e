-- The commit that mends a file tells what has changed since it could last be read: the next refresh writes all events anew.

TRUNCATE milestone.event;
UPDATE milestone.stamp SET history_commit = '', history_boundary = '';
