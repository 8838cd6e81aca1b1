using System.Collections;
using System.Reflection;
using System.Reflection.Emit;
using Microsoft.OData.Edm;
using Microsoft.OData.ModelBuilder;

namespace Gateway.Upstreams;

/// <summary>A feed with classes made for its sets, as a developer would write them, and its rows as objects of these.</summary>
public sealed class Feed
{
    private readonly Dictionary<Type, IList> rows = [];
    private readonly Dictionary<string, Type> classes;

    public Feed(FeedFile file)
    {
        Settings = file.Settings;
        classes = MadeClasses(file);
        foreach (var set in file.Sets)
        {
            rows[classes[set.Name]] = Filled(set);
        }
        foreach (var set in file.Sets)
        {
            Join(set);
        }
        Model = Built(file);
    }

    public FeedSettings Settings { get; }

    public IEdmModel Model { get; }

    public IEnumerable<Type> Classes => rows.Keys;

    public IEdmEntitySet SetOf(Type type) => Model.EntityContainer.FindEntitySet(classes.Single(pair => pair.Value == type).Key);

    public IQueryable<T> RowsOf<T>() => ((List<T>)rows[typeof(T)]).AsQueryable();

    private static Dictionary<string, Type> MadeClasses(FeedFile file)
    {
        var module = AssemblyBuilder
            .DefineDynamicAssembly(new AssemblyName($"{file.Namespace}.Rows"), AssemblyBuilderAccess.Run)
            .DefineDynamicModule("rows");
        var drafts = file.Sets.ToDictionary(
            set => set.Name,
            set => module.DefineType($"{file.Namespace}.{set.Type}", TypeAttributes.Public | TypeAttributes.Class));
        foreach (var set in file.Sets)
        {
            var draft = drafts[set.Name];
            foreach (var property in set.Properties)
            {
                AddProperty(draft, property.Name, Values.TypeOf(property));
            }
            foreach (var navigation in set.Navigations)
            {
                Type target = drafts[navigation.To];
                AddProperty(draft, navigation.Name, navigation.Many ? typeof(List<>).MakeGenericType(target) : target);
            }
        }
        return drafts.ToDictionary(pair => pair.Key, pair => pair.Value.CreateType());
    }

    private static void AddProperty(TypeBuilder draft, string name, Type type)
    {
        const MethodAttributes Accessor = MethodAttributes.Public | MethodAttributes.SpecialName | MethodAttributes.HideBySig;
        var field = draft.DefineField($"_{name}", type, FieldAttributes.Private);
        var getter = draft.DefineMethod($"get_{name}", Accessor, type, Type.EmptyTypes);
        var read = getter.GetILGenerator();
        read.Emit(OpCodes.Ldarg_0);
        read.Emit(OpCodes.Ldfld, field);
        read.Emit(OpCodes.Ret);
        var setter = draft.DefineMethod($"set_{name}", Accessor, null, [type]);
        var write = setter.GetILGenerator();
        write.Emit(OpCodes.Ldarg_0);
        write.Emit(OpCodes.Ldarg_1);
        write.Emit(OpCodes.Stfld, field);
        write.Emit(OpCodes.Ret);
        var property = draft.DefineProperty(name, PropertyAttributes.None, type, null);
        property.SetGetMethod(getter);
        property.SetSetMethod(setter);
    }

    private IList Filled(SetFile set)
    {
        var type = classes[set.Name];
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(type))!;
        foreach (var given in set.Rows)
        {
            var row = Activator.CreateInstance(type)!;
            foreach (var property in set.Properties)
            {
                if (given.TryGetValue(property.Name, out var json))
                {
                    type.GetProperty(property.Name)!.SetValue(row, Values.Read(property, json));
                }
            }
            list.Add(row);
        }
        return list;
    }

    private void Join(SetFile set)
    {
        var type = classes[set.Name];
        foreach (var navigation in set.Navigations)
        {
            var target = classes[navigation.To];
            var ours = navigation.Join.Select(pair => type.GetProperty(pair[0])!).ToList();
            var theirs = navigation.Join.Select(pair => target.GetProperty(pair[1])!).ToList();
            var byKey = rows[target].Cast<object>().ToLookup(row => KeyOf(row, theirs));
            foreach (var row in rows[type])
            {
                var key = KeyOf(row, ours);
                var found = key is null ? [] : byKey[key];
                object? value = found.FirstOrDefault();
                if (navigation.Many)
                {
                    var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(target))!;
                    foreach (var one in found)
                    {
                        list.Add(one);
                    }
                    value = list;
                }
                type.GetProperty(navigation.Name)!.SetValue(row, value);
            }
        }
    }

    private static string? KeyOf(object row, IEnumerable<PropertyInfo> properties)
    {
        var values = properties.Select(property => property.GetValue(row)).ToList();
        return values.Contains(null) ? null : string.Join('\n', values);
    }

    private IEdmModel Built(FeedFile file)
    {
        var builder = new ODataModelBuilder { Namespace = file.Namespace, ContainerName = "Container" };
        var entities = file.Sets.ToDictionary(set => set.Name, set => builder.AddEntityType(classes[set.Name]));
        foreach (var set in file.Sets)
        {
            var (type, entity) = (classes[set.Name], entities[set.Name]);
            foreach (var property in set.Properties)
            {
                AddProperty(entity, type.GetProperty(property.Name)!, property);
            }
            foreach (var name in set.Key)
            {
                entity.HasKey(type.GetProperty(name)!);
            }
            builder.AddEntitySet(set.Name, entity);
        }
        foreach (var set in file.Sets)
        {
            var (type, entity) = (classes[set.Name], entities[set.Name]);
            foreach (var navigation in set.Navigations)
            {
                var multiplicity = navigation.Many ? EdmMultiplicity.Many : EdmMultiplicity.ZeroOrOne;
                var added = entity.AddNavigationProperty(type.GetProperty(navigation.Name)!, multiplicity);
                var own = (EntitySetConfiguration)builder.NavigationSources.Single(one => one.Name == set.Name);
                own.AddBinding(added, (NavigationSourceConfiguration)builder.NavigationSources.Single(one => one.Name == navigation.To));
            }
        }
        return builder.GetEdmModel();
    }

    private static void AddProperty(EntityTypeConfiguration entity, PropertyInfo info, PropertyFile property)
    {
        if (property.Collection)
        {
            entity.AddCollectionProperty(info);
            return;
        }
        var added = entity.AddProperty(info);
        added.NullableProperty = property.Nullable;
        if (added is PrecisionPropertyConfiguration precise)
        {
            precise.Precision = property.Precision;
        }
        if (added is DecimalPropertyConfiguration number)
        {
            number.Scale = property.Scale;
        }
    }
}
